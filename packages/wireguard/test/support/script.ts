import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes an executable shell script, and returns its path. */
export async function script(directory: string, name: string, ...lines: string[]): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, `#!/bin/sh\n${lines.join('\n')}\n`)
  await chmod(path, 0o755)
  return path
}
