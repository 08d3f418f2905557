import { invalid, quote } from 'wireguardcfg/internal'
import type { TableChoice } from './plan/intent.js'

const { readdirSync, readFileSync } = process.getBuiltinModule('node:fs')

/** The tables that need no file. */
const KNOWN: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 }

/** Where ip(8) looks for the names of tables; a folder: its files that end in `.conf`. */
const FILES = [
  '/etc/iproute2/rt_tables',
  '/etc/iproute2/rt_tables.d',
  '/usr/share/iproute2/rt_tables',
  '/usr/lib/iproute2/rt_tables',
]

/**
 * Reads `Table`: `auto`, `off`, a number, or a name of the files of ip(8).
 *
 * @throws WireGuardError `EINVAL` with the path `table`
 */
export function readTable(text: string, files: readonly string[] = FILES): TableChoice {
  const folded = text.toLowerCase()
  if (folded === 'auto' || folded === 'off') return folded
  const number = /^[0-9]+$/.test(text) ? Number(text) : (KNOWN[text] ?? named(text, files))
  if (number !== undefined && number > 0 && number <= 0xffff_ffff) return number
  throw invalid(`${quote(text)}: no such routing table`, {
    path: 'table',
    hint: `Write "off", "auto", a number, or a name that ${FILES[0]} has`,
  })
}

function named(name: string, files: readonly string[]): number | undefined {
  for (const file of files) {
    for (const line of linesOf(file)) {
      const [number, own] = line.replace(/#.*/, '').trim().split(/\s+/)
      if (own === name && number !== undefined && /^(?:0x[0-9a-fA-F]+|[0-9]+)$/.test(number)) {
        return Number(number)
      }
    }
  }
  return undefined
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    // It is absent, or a folder.
  }
  try {
    const files = readdirSync(path).filter((file) => file.endsWith('.conf'))
    return files.flatMap((file) => linesOf(`${path}/${file}`))
  } catch {
    return []
  }
}
