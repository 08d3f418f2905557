import { dirname } from 'node:path'
import { WireGuardError } from 'wireguardcfg'
import { errorCode, quote } from 'wireguardcfg/internal'
import { type ReadFile, readWhole, replaceFile, syncFolder } from '../../save/replace-file.js'
import { openOwnFile, readOwnFile } from '../state/own-file.js'
import { bootId } from '../state/state-folder.js'

const { closeSync, constants, fsyncSync, renameSync, unlinkSync, writeFileSync } =
  process.getBuiltinModule('node:fs')

/** A tunnel that has its name servers in a file. */
interface Entry {
  /** The namespace and the name of the tunnel. */
  readonly owner: string
  readonly text: string
  /** What the file may still have, if a change was interrupted. */
  readonly former?: string | undefined
}

/** The tunnels that have edited a file, the last one on top, and what was there before them. */
interface Stack {
  readonly version: 1
  /** Tunnels do not survive the boot. The file does. */
  readonly boot: string
  /** Undefined: there was no file. */
  readonly original: string | undefined
  readonly entries: readonly Entry[]
}

/**
 * The tunnels that edit one file for name servers. The top one wins; when it goes, the next one
 * does; the last one brings back the bytes that were there at first. They are kept in a file beside
 * it, so that they survive a power cut as it does.
 */
export class DnsStack {
  readonly #path: string
  readonly #stackPath: string

  /** @param path of the file for name servers */
  constructor(path: string) {
    this.#path = path
    this.#stackPath = `${path}.wireguard`
  }

  /**
   * Puts a tunnel on top. One that has its place already keeps it, with other name servers.
   *
   * @returns a warning, if there is one
   */
  async push(owner: string, text: string): Promise<string | undefined> {
    const warning = await this.forgetFormerBoots()
    const stack = this.#read()
    const file = await this.#file()
    const top = stack?.entries.at(-1)
    const isOurs = top !== undefined && isTextOf(top, file.text)
    const below = isOurs ? stack! : { original: file.text, entries: [] }
    const index = below.entries.findIndex((entry) => entry.owner === owner)
    const former = below.entries[index]?.text
    const entry = { owner, text, ...(former === undefined ? {} : { former }) }
    const entries = index < 0 ? [...below.entries, entry] : below.entries.toSpliced(index, 1, entry)
    await this.#write({ ...below, version: 1, boot: bootId(), entries })
    if (entries.at(-1) === entry) await this.#replace(file, text)
    return warning
  }

  /** Whether a tunnel has its place, and the file is that of the top one. */
  async has(owner: string, text: string): Promise<boolean> {
    const stack = this.#read()
    const top = stack?.entries.at(-1)
    const entry = stack?.entries.find((one) => one.owner === owner)
    return entry?.text === text && (await this.#file()).text === top?.text
  }

  /**
   * Takes a tunnel off.
   *
   * @returns a warning, if there is one: somebody else has changed the file meanwhile, and it stays
   */
  async pop(owner: string): Promise<string | undefined> {
    const stack = this.#read()
    const index = stack?.entries.findIndex((entry) => entry.owner === owner) ?? -1
    if (stack === undefined || index < 0) return undefined
    const entries = stack.entries.toSpliced(index, 1)
    const file = await this.#file()
    const isTop = index === entries.length
    const next = isTop ? entries.at(-1)?.text : undefined
    const isOurs = isTextOf(stack.entries[index]!, file.text)
    if (isTop && isOurs) await this.#replace(file, next ?? stack.original)
    const isExpected = !isTop || isOurs || file.text === (next ?? stack.original)
    await this.#write(entries.length === 0 ? undefined : { ...stack, entries })
    return isExpected
      ? undefined
      : `${this.#path} was changed by another program, and stays as it is`
  }

  /**
   * Brings the file back that a former boot of the machine left edited.
   *
   * @returns a warning, if there is one
   */
  async forgetFormerBoots(): Promise<string | undefined> {
    const stack = this.#read()
    if (stack === undefined || stack.boot === bootId()) return undefined
    const file = await this.#file()
    const isOurs = stack.entries.some((entry) => isTextOf(entry, file.text))
    if (isOurs) await this.#replace(file, stack.original)
    await this.#write(undefined)
    return isOurs ? `${this.#path} was still that of a tunnel from before the restart` : undefined
  }

  async #file(): Promise<ReadFile> {
    return await this.#attempt('read', () => readWhole(this.#path))
  }

  /** @param text undefined: no file */
  async #replace(file: ReadFile, text: string | undefined): Promise<void> {
    await this.#attempt('write', async () => {
      if (text === undefined) unlinkSync(file.path)
      else await replaceFile(file, text, 0o644)
    })
  }

  async #attempt<T>(verb: string, step: () => Promise<T>): Promise<T> {
    try {
      return await step()
    } catch (cause) {
      throw new WireGuardError(`cannot ${verb} ${quote(this.#path)}`, {
        code: errorCode(cause),
        hint: 'Set name servers yourself, and use dns: off',
        cause,
      })
    }
  }

  #read(): Stack | undefined {
    const text = readOwnFile(this.#stackPath)
    return text === undefined ? undefined : parseStack(text)
  }

  async #write(stack: Stack | undefined): Promise<void> {
    if (stack === undefined) return unlinkSync(this.#stackPath)
    const temporary = `${this.#stackPath}.tmp`
    const { O_WRONLY, O_CREAT, O_TRUNC } = constants
    const descriptor = openOwnFile(temporary, O_WRONLY | O_CREAT | O_TRUNC)
    try {
      writeFileSync(descriptor, JSON.stringify(stack))
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, this.#stackPath)
    await syncFolder(dirname(this.#stackPath))
  }
}

function isTextOf({ text, former }: Entry, found: string | undefined): boolean {
  return found !== undefined && (found === text || found === former)
}

function parseStack(text: string): Stack {
  const { version, boot, original, entries } = partsOf(text)
  const isRight =
    version === 1 &&
    typeof boot === 'string' &&
    (original === undefined || typeof original === 'string') &&
    Array.isArray(entries) &&
    entries.every(
      ({ owner, text: own, former }) =>
        typeof owner === 'string' &&
        typeof own === 'string' &&
        (former === undefined || typeof former === 'string'),
    )
  if (isRight) return { version, boot, original, entries }
  throw new WireGuardError('the file with the former name servers is damaged', { code: 'EPROTO' })
}

function partsOf(text: string): Partial<Stack> {
  try {
    const parts: Partial<Stack> | null = JSON.parse(text)
    return parts ?? {}
  } catch {
    return {}
  }
}
