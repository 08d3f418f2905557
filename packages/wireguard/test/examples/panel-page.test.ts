import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type PublicKey, SecretKey, WireGuard } from '../../src/index.js'
import { parseConf } from '../../src/conf.js'
import { UapiServer } from '../../src/server.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeWith } from '../../../../test-fixtures/require.js'
import { until } from '../../../../test-fixtures/wait.js'
import { hasChromium, launchBrowser } from '../support/browser.js'

const PANEL = fileURLToPath(new URL('../../examples/panel.mjs', import.meta.url))
const COUNT = fileURLToPath(new URL('../support/count-requests.mjs', import.meta.url))
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const TOKEN = 't'.repeat(64)
const OWN_KEY = SecretKey.generatePrivate()
const PRESHARED = SecretKey.generatePreshared()
const KEYS = Array.from({ length: 3 }, () => SecretKey.generatePrivate().publicKey())
const NAMES = ['Anna', '<img src=x onerror=alert(1)> "q" \\', 'Zoë']
const FILE = `[Interface]
Address = 10.8.0.1/24
PrivateKey = ${OWN_KEY.toBase64()}
${KEYS.map(
  (key, i) => `
# friendly_name = ${NAMES[i]!}
[Peer]
PublicKey = ${key}
PresharedKey = ${PRESHARED.toBase64()}
AllowedIPs = 10.8.0.${i + 2}/32
`,
).join('')}`

/** A panel in a process of its own. */
interface Panel {
  readonly child: ChildProcess
  readonly lines: Interface
  readonly port: number
}

/** How many requests a panel has sent to devices. */
async function requestsOf({ child, lines }: Panel): Promise<number> {
  const line = once(lines, 'line') as Promise<[string]>
  child.kill('SIGUSR2')
  return Number((await line)[0].replace('requests ', ''))
}

describeWith(hasChromium, 'the page of the panel, in a real browser', () => {
  let directory: TemporaryDirectory
  let server: UapiServer
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let panel: Panel
  /** What the browser has complained about: errors of scripts, and of the security policy. */
  let complaints: string[]
  const path = () => `${directory.path}/wg0.conf`

  async function startPanel(port: number): Promise<Panel> {
    const child = spawn(
      process.execPath,
      ['--import', pathToFileURL(COUNT).href, PANEL, 'wg0', path()],
      {
        env: {
          ...process.env,
          PANEL_TOKEN: TOKEN,
          ENDPOINT: 'vpn.example.com:51820',
          PORT: String(port),
          SOCKET_DIRECTORY: directory.path,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const lines = createInterface(child.stdout)
    const [line] = (await once(lines, 'line')) as [string]
    return { child, lines, port: Number(line.replace('port ', '')) }
  }

  beforeAll(async () => {
    directory = await temporaryDirectory()
    server = await UapiServer.listen({
      name: 'wg0',
      directory: directory.path,
      peerOrder: 'insertion',
    })
    browser = await launchBrowser()
    await writeFile(path(), FILE)
    panel = await startPanel(0)
  }, 60_000)

  afterAll(async () => {
    await browser.close()
    panel.child.kill('SIGTERM')
    await once(panel.child, 'exit')
    await server.close()
    await directory[Symbol.asyncDispose]()
  }, 60_000)

  beforeEach(async () => {
    await writeFile(path(), FILE)
    await using wg = await WireGuard.open({
      socketDirectory: directory.path,
      backends: ['userspace'],
    })
    await wg.applyConf('wg0', FILE)
    server.setPeer(KEYS[0]!, { lastHandshake: new Date(), receiveBytes: 0, transmitBytes: 0 })
    complaints = []
    context = await browser.newContext()
    page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
  }, 30_000)

  afterEach(async () => {
    await context.close()
    if (complaints.length > 0) throw new Error(`the browser says: ${complaints.join('; ')}`)
  })

  const address = () => `http://127.0.0.1:${panel.port}/`
  const open = async (): Promise<void> => {
    await page.goto(`${address()}#${TOKEN}`)
    await page.getByRole('rowheader', { name: 'Anna' }).waitFor()
  }
  const rowOf = (name: string) => page.getByRole('row').filter({ hasText: name })

  it('asks for the token, and keeps it from scripts', async () => {
    await page.goto(address())
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'no access' }).waitFor()
    await page.getByLabel('Token').fill(TOKEN)
    await page.keyboard.press('Enter')
    await rowOf('Anna').waitFor()
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(await page.evaluate('location.href')).toBe(address())
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    expect(cookie!.value).not.toContain(TOKEN)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Token').waitFor()
    expect(await context.cookies()).toEqual([])
    // What the browser prints about a request that is refused.
    complaints = complaints.filter((text) => !text.includes('401'))
  }, 30_000)

  it('shows who is connected and what is transferred now, and no name as markup', async () => {
    await open()
    expect(await rowOf('Anna').textContent()).toContain('connected')
    expect(await rowOf('Zoë').textContent()).toContain('not connected')
    expect(await rowOf('10.8.0.3').getByRole('rowheader').textContent()).toBe(NAMES[1])
    expect(await page.locator('img[src="x"]').count()).toBe(0)
    let [receiveBytes, transmitBytes] = [0, 0]
    const timer = setInterval(() => {
      receiveBytes += 100_000
      transmitBytes += 2_000_000
      server.setPeer(KEYS[0]!, { receiveBytes, transmitBytes })
    }, 500)
    await page
      .getByRole('row')
      .filter({ hasText: /Anna.*KiB\/s.*MiB\/s/ })
      .waitFor()
    await page.locator('#chart canvas').waitFor()
    clearInterval(timer)
    server.setPeer(KEYS[2]!, { lastHandshake: new Date() })
    await rowOf('Zoë').filter({ hasNotText: 'not connected' }).waitFor()
    await page.locator('#connected', { hasText: '2' }).waitFor()
  }, 60_000)

  it('adds a client with the keyboard alone, and forgets its key', async () => {
    await open()
    await page.getByRole('button', { name: 'Add client' }).focus()
    await page.keyboard.press('Enter')
    await page.keyboard.type('tablet')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'tablet has 10.8.0.5' }).waitFor()
    const qr = page.getByRole('img', { name: 'QR code' })
    expect(await qr.evaluate('(image) => image.decode().then(() => image.naturalWidth)')).toBe(
      await qr.evaluate('(image) => image.naturalHeight'),
    )
    await page.locator('summary').press('Enter')
    const text = (await page.locator('#file').textContent())!
    const key = parseConf(text).get('PrivateKey')!
    expect(await readFile(path(), 'utf8')).not.toContain(key)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save file' }).press('Enter')
    expect(await readFile(await (await saved).path(), 'utf8')).toBe(text)
    await page.getByRole('button', { name: 'Done' }).press('Enter')
    await rowOf('tablet').waitFor()
    expect(await page.content()).not.toContain(key)
    expect(await page.content()).not.toContain(encodeURIComponent(key))
    // The focus is where it was.
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Add client')
  }, 60_000)

  it('disables, enables and deletes clients', async () => {
    await open()
    const button = page.getByRole('button', { name: 'Disable Anna' })
    await button.focus()
    await page.keyboard.press('Enter')
    await rowOf('Anna').filter({ hasText: 'disabled' }).waitFor()
    expect(await peerKeys()).toEqual(KEYS.slice(1))
    // The button is the same one, and has kept the focus.
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Enable Anna')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Disable Anna' }).waitFor()
    expect(await peerKeys()).toHaveLength(3)
    await page.getByRole('button', { name: 'Delete Anna' }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Delete Anna' }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await rowOf('Anna').waitFor({ state: 'detached' })
    expect(await peerKeys()).toEqual(KEYS.slice(1))
    expect(await readFile(path(), 'utf8')).not.toContain('Anna')
  }, 60_000)

  it('shows what another program has changed, and a filter', async () => {
    await open()
    await page.getByLabel('Filter').fill('10.8.0.4')
    await rowOf('Anna').waitFor({ state: 'detached' })
    await rowOf('Zoë').waitFor()
    await page.getByLabel('Filter').fill('nobody')
    await page.getByText('No client with this text.').waitFor()
    await page.getByLabel('Filter').fill('')
    await writeFile(path(), FILE.replace('Anna', 'Berta'))
    await using wg = await WireGuard.open({
      socketDirectory: directory.path,
      backends: ['userspace'],
    })
    await wg.removePeer('wg0', KEYS[2]!)
    await rowOf('Berta').waitFor()
    expect(await page.getByRole('rowheader').count()).toBe(3)
  }, 60_000)

  it('goes on after the connection was broken', async () => {
    await open()
    panel.child.kill('SIGKILL')
    await once(panel.child, 'exit')
    await page.getByText('Connection lost').waitFor()
    // What happened meanwhile is there afterwards.
    await writeFile(path(), FILE.replace('Anna', 'Berta'))
    panel = await startPanel(panel.port)
    await page.getByText('Live').waitFor()
    await rowOf('Berta').waitFor()
    expect(await page.getByText('Connection lost').count()).toBe(0)
    complaints = complaints.filter((text) => !text.includes('net::ERR_'))
  }, 60_000)

  it('leaves no subscriber, however often it is loaded', async () => {
    await open()
    for (let i = 0; i < 100; i++) await page.reload({ waitUntil: 'domcontentloaded' })
    await rowOf('Anna').waitFor()
    await page.goto('about:blank')
    // Without a subscriber, nothing reads the device.
    let [before, since] = [await requestsOf(panel), performance.now()]
    await until(async () => {
      const now = await requestsOf(panel)
      if (now !== before) [before, since] = [now, performance.now()]
      return performance.now() - since > 2500
    }, 'the device is no longer read')
    expect(before).toBeGreaterThan(0)
    // A reload aborts what the page before was loading.
    complaints = complaints.filter((text) => !text.includes('net::ERR_'))
  }, 60_000)

  it.each(['light', 'dark'] as const)(
    'has no fault for axe in %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme })
      await open()
      const colour = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      expect(colour).toBe(colorScheme === 'dark' ? 'rgb(18, 22, 27)' : 'rgb(246, 247, 249)')
      await page.evaluate(await readFile(AXE, 'utf8'))
      const faults = async () =>
        await page.evaluate(
          `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`,
        )
      expect(await faults()).toEqual([])
      await page.getByRole('button', { name: 'Add client' }).click()
      expect(await faults()).toEqual([])
      await page.getByLabel('Name').fill('phone')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'phone has' }).waitFor()
      expect(await faults()).toEqual([])
    },
    60_000,
  )

  it('gets no secret in any event, and a policy without scripts from elsewhere', async () => {
    const controller = new AbortController()
    const response = await fetch(`${address()}events`, {
      headers: { authorization: `Bearer ${TOKEN}` },
      signal: controller.signal,
    })
    const reader = response.body!.getReader()
    let text = ''
    while (!text.includes('event: traffic')) {
      const { value } = await reader.read()
      text += Buffer.from(value ?? []).toString()
    }
    controller.abort()
    expect(text).toContain(KEYS[0])
    for (const secret of [OWN_KEY, PRESHARED]) {
      expect(text).not.toContain(secret.toBase64())
      expect(text).not.toContain(secret.toHex())
    }
    const { headers } = await fetch(address())
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    expect((await fetch(`${address()}events`)).status).toBe(401)
  }, 30_000)

  async function peerKeys(): Promise<PublicKey[]> {
    await using wg = await WireGuard.open({
      socketDirectory: directory.path,
      backends: ['userspace'],
    })
    const { peers } = await wg.device('wg0')
    const keys = new Set(peers.map(({ publicKey }) => publicKey))
    return KEYS.filter((key) => keys.has(key))
  }
})
