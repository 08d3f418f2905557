import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

let count = 0

/**
 * A name for a userspace device: sockets know no namespace, and other tests run at the same time.
 */
export function uniqueName(): string {
  return `wgu${process.pid.toString(36)}n${(count++).toString(36)}`
}

/** Where wireguard-go has the socket of a device. */
export function socketOf(name: string): string {
  return `/var/run/wireguard/${name}.sock`
}

/** Writes a shell script; its path. */
export async function script(directory: string, name: string, ...lines: string[]): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, `#!/bin/sh\n${lines.join('\n')}\n`)
  await chmod(path, 0o755)
  return path
}
