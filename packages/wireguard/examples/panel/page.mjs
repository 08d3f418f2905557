// The page and what it loads. Nothing else is served, and nothing comes from elsewhere.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'

const html = await readFile(new URL('page.html', import.meta.url), 'utf8')
const charts = dirname(createRequire(import.meta.url).resolve('uplot'))

const hashOf = (element) => {
  const text = new RegExp(`<${element}[^>]*>([^]*?)</${element}>`).exec(html)[1]
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

const FILES = new Map([
  ['/', ['text/html; charset=utf-8', html]],
  ['/uplot.js', ['text/javascript', await readFile(join(charts, 'uPlot.esm.js'))]],
  ['/uplot.css', ['text/css', await readFile(join(charts, 'uPlot.min.css'))]],
])

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    `script-src 'self' ${hashOf('script')}`,
    `style-src 'self' ${hashOf('style')}`,
    // The picture with the file of a new client.
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
}

/** Sends a file of the page. Returns whether there is one. */
export function sendFile(request, response) {
  const file = FILES.get(request.url)
  if (file === undefined || request.method !== 'GET') return false
  const [type, body] = file
  response.writeHead(200, { ...HEADERS, 'content-type': type })
  response.end(body)
  return true
}
