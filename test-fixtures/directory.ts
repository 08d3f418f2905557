import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory that is removed at the end of its scope, with everything in it. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes a directory whose path is short enough for a socket inside. */
export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'wireguard-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}
