import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import {
  decodeName,
  encodeName,
  errorCode,
  escapeUnprintable,
  isWireGuardError,
  WireGuardError,
} from 'wireguardcfg/internal'

/** A file as it was read. */
export interface ReadFile {
  /** Where it is, without links. */
  readonly path: string
  /** Its text, of which every byte can be written back; undefined: it does not exist. */
  readonly text: string | undefined
  /** What tells this state of the file from another one. */
  readonly version: string
}

/**
 * Reads a file that may not exist.
 *
 * @throws WireGuardError `EINVAL` it is no regular file, which might never end; or an error of the
 * system
 */
export async function readWhole(path: string): Promise<ReadFile> {
  try {
    const real = await realpath(path)
    // Before the content: a change in between is then noticed.
    const version = await versionOf(real)
    // A comment may have another encoding than UTF-8.
    return { path: real, text: decodeName(await readFile(real)), version }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    return { path, text: undefined, version: '' }
  }
}

/**
 * Puts a text in place of a file that was read, so that there is always a whole file, also when the
 * machine loses power. The file keeps its owner and its permissions.
 *
 * @param mode the permissions of a new file; by default, it is for its owner alone
 * @throws WireGuardError `EAGAIN` the file is no longer as it was read; or an error of the system
 */
export async function replaceFile(
  { path, version }: ReadFile,
  text: string,
  mode = 0o600,
): Promise<void> {
  const bytes = encodeName(text)
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = await open(temporary, 'wx', 0o600)
  let isMounted: boolean
  try {
    try {
      await writeWhole(file, bytes)
      await copyOwner(path, file, mode)
    } finally {
      await file.close()
    }
    if ((await versionOf(path)) !== version) {
      throw new WireGuardError('the file was changed while it was saved', {
        code: 'EAGAIN',
        hint: 'Save it again',
      })
    }
    isMounted = await isMoveRefused(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  if (isMounted) await overwrite(path, bytes, temporary)
  await syncFolder(dirname(path))
}

/** Moves a file over another one; true: that one is mounted, as in a container, and stays. */
async function isMoveRefused(temporary: string, path: string): Promise<boolean> {
  try {
    await rename(temporary, path)
    return false
  } catch (error) {
    if (errorCode(error) === 'EBUSY') return true
    throw error
  }
}

/**
 * Writes into a file that cannot be replaced.
 *
 * @param copy has the same bytes. It is deleted, unless the other file has only a part of them
 */
async function overwrite(path: string, bytes: Uint8Array, copy: string): Promise<void> {
  try {
    const file = await open(path, 'r+')
    try {
      await file.truncate()
      await writeWhole(file, bytes)
    } catch (error) {
      throw new WireGuardError('only a part of the file could be written', {
        code: errorCode(error),
        // A whole path may look like a key, which no error shows.
        hint: `All of it is in the same folder, in ${escapeUnprintable(basename(copy))}`,
        cause: error,
      })
    } finally {
      await file.close()
    }
  } catch (error) {
    // When it could not be opened, it is as it was.
    if (!isWireGuardError(error)) await unlink(copy).catch(() => {})
    throw error
  }
  await unlink(copy)
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  await file.writeFile(bytes)
  await file.sync()
}

async function copyOwner(path: string, file: FileHandle, mode: number): Promise<void> {
  const before = await stat(path).catch(() => undefined)
  if (before === undefined) return await file.chmod(mode)
  const now = await file.stat()
  if (before.uid !== now.uid || before.gid !== now.gid) await file.chown(before.uid, before.gid)
  await file.chmod(before.mode & 0o7777)
}

/** Returns what changes with each write of a file; empty: it does not exist. */
export async function versionOf(path: string): Promise<string> {
  try {
    const found = await stat(path, { bigint: true })
    if (!found.isFile()) throw new WireGuardError('it is no regular file', { code: 'EINVAL' })
    const { dev, ino, size, mtimeNs, ctimeNs } = found
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
}

/** The new name is on the disk only when its folder is. Not every file system can do this. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch {
    // The file itself is on the disk.
  }
}
