import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decodeInput, encodeInput } from './encoding.js'
import type { Value } from './target.js'

const FOLDER = fileURLToPath(new URL('regressions/', import.meta.url))

/** An input that failed once. */
export interface Regression {
  /** The name of its file, without the ending: it says what was wrong. */
  readonly name: string
  readonly input: Value
}

/** Reads the inputs of a target that failed once. */
export function readRegressions(target: string): readonly Regression[] {
  const folder = `${FOLDER}${target}`
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      input: decodeInput(readFileSync(`${folder}/${file}`, 'utf8')),
    }))
}

/** Writes an input that failed and returns the path of its file, which is named after the fault. */
export function writeRegression(target: string, fault: string, encoded: string): string {
  const folder = `${FOLDER}${target}`
  mkdirSync(folder, { recursive: true })
  const words = fault
    .replaceAll(/[^A-Za-z]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase()
    .slice(0, 40)
  const hash = createHash('sha256').update(encoded).digest('hex').slice(0, 6)
  const path = `${folder}/${words}-${hash}.json`
  writeFileSync(path, `${encodeInput(decodeInput(encoded), 2)}\n`)
  return path
}
