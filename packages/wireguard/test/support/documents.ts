import { readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

/** The pages for users, relative to the repository: READMEs and docs. */
export const PAGES: readonly string[] = [
  'README.md',
  'packages/wireguard/README.md',
  'packages/wireguardcfg/README.md',
  'packages/wireguardnl/README.md',
  ...readdirSync(`${ROOT}packages/wireguard/docs`).map((file) => `packages/wireguard/docs/${file}`),
]

/**
 * What an example needs, by the word after `js` at its beginning. No word: nothing, it runs against
 * a device in the process. `root`: root and any WireGuard. `kernel`: root and WireGuard in the
 * kernel.
 */
export type Tier = '' | 'root' | 'kernel'

/** A block of JavaScript on a page. */
export interface Example {
  /** Where it is: `README.md:12`. */
  readonly place: string
  readonly tier: Tier
  /** The block, with what the setup of its page puts before it. */
  readonly code: string
}

/** The text of a page. */
export function readPage(page: string): string {
  return readFileSync(`${ROOT}${page}`, 'utf8')
}

/**
 * The examples of a page. A block `js setup` is not one: it comes before each of the examples below
 * it, up to the next such block.
 */
export function examplesOf(page: string): Example[] {
  const text = readPage(page)
  const examples: Example[] = []
  let setup = ''
  for (const { index, 1: word = '', 2: code = '' } of text.matchAll(BLOCK)) {
    const line = text.slice(0, index).split('\n').length
    const place = `${page}:${line}`
    if (word === 'setup') setup = code
    else if (isTier(word)) examples.push({ place, tier: word, code: `${setup}\n${code}` })
    else throw new Error(`${place}: unknown word after js: ${word}`)
  }
  return examples
}

const BLOCK = /^```js *(\S*)\n(.*?)^```$/gms

function isTier(word: string): word is Tier {
  return ['', 'root', 'kernel'].includes(word)
}

/** A link of a page to a file of the repository. */
export interface Link {
  /** As it is written. */
  readonly target: string
  /** The file that it leads to, relative to the repository. */
  readonly file: string
  /** The heading that it leads to, as forges name it; `''`: none. */
  readonly anchor: string
}

/** The links of a page, without those to other sites. */
export function linksOf(page: string): Link[] {
  const prose = readPage(page).replaceAll(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#')
      const file = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path))
      return { target, file, anchor }
    })
}

/** The names that forges give to the headings of a page. */
export function anchorsOf(page: string): string[] {
  const prose = readPage(page).replaceAll(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
