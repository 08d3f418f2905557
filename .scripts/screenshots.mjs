// node .scripts/screenshots.mjs: makes the pictures of the README anew, as root after `npm run
// build`. It needs chromium and tmux, and takes over a minute, in which traffic is simulated.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { simulate } from '../packages/wireguard/examples/panel/simulation.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const IMAGES = `${ROOT}.github/images`
const SETTLED = 75_000

const { path, stop } = await simulate('/var/run/wireguard')
const watch = `'${process.execPath}' ${ROOT}packages/wireguard/dist/cli/bin.js watch --conf ${path}`
const tmux = (...args) => execFileSync('tmux', ['-L', 'screenshots', ...args], { encoding: 'utf8' })
tmux('-f', '/dev/null', '-u', 'new-session', '-d', '-x', '120', '-y', '12', watch)

const start = `${ROOT}packages/wireguard/examples/panel/start.mjs`
const env = { ...process.env, PORT: '0' }
const panel = spawn(process.execPath, [start], { env, stdio: ['ignore', 'pipe', 'inherit'] })
const lines = createInterface(panel.stdout)
const url = await new Promise((resolve) => {
  lines.on('line', (line) => {
    if (line.startsWith('http')) resolve(line)
  })
})

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
})
const page = await browser.newPage({ viewport: { width: 1200, height: 880 } })
await page.goto(url)
await sleep(SETTLED)
await page.screenshot({ path: `${IMAGES}/panel.png` })

const terminal = tmux('capture-pane', '-p', '-e')
tmux('kill-server')
// A page of its own: the policy of the panel allows no styles but its own.
const blank = await browser.newPage({ viewport: { width: 1200, height: 300 } })
await blank.setContent(htmlOf(terminal))
await blank.locator('pre').screenshot({ path: `${IMAGES}/watch.png` })

await browser.close()
panel.kill('SIGTERM')
await once(panel, 'exit')
await stop()

/** Returns what a terminal shows as a page: bold, reversed, and the colours that `watch` has. */
function htmlOf(text) {
  let html = ''
  let [isBold, isReversed, colour] = [false, false, 'inherit']
  // A style is ESC [ codes m.
  const [first, ...others] = text.trimEnd().split('\u001B[')
  for (const part of [`m${first}`, ...others]) {
    const end = part.indexOf('m')
    for (const code of part.slice(0, end).split(';')) {
      if (code === '' || code === '0') [isBold, isReversed, colour] = [false, false, 'inherit']
      else if (code === '1') isBold = true
      else if (code === '7') isReversed = true
      else if (code === '32') colour = '#7ee787'
      else if (code === '31') colour = '#ff7b72'
      else if (code === '39') colour = 'inherit'
    }
    const escaped = part
      .slice(end + 1)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
    const shown = isReversed ? 'background: #d3d7cf; color: #1b1f24;' : `color: ${colour};`
    html += `<span style="${shown}${isBold ? 'font-weight: bold' : ''}">${escaped}</span>`
  }
  const style =
    'background: #1b1f24; color: #d3d7cf; font: 14px monospace; padding: 12px; margin: 0'
  return `<pre style="${style}; display: inline-block">${html}</pre>`
}
