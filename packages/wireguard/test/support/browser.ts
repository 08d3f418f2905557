import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Requirement } from '../../../../test-fixtures/require.js'

const PATH = '/usr/bin/chromium'

/** A real browser. */
export const hasChromium: Requirement = () =>
  existsSync(PATH)
    ? { ok: true }
    : { ok: false, reason: 'needs chromium: apt-get install chromium' }

/** Starts a browser that asks nothing of the network. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: PATH,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
