import { fstatSync } from 'node:fs'
import { SecretKey } from 'wireguardcfg'
import { type Command, type CommandContext, UsageError } from './context.js'

/** `genkey`: prints a new private key. */
export const genkey: Command = (args, context) =>
  print(args, () => SecretKey.generatePrivate(), context)

/** `genpsk`: prints a new preshared key. */
export const genpsk: Command = (args, context) =>
  print(args, () => SecretKey.generatePreshared(), context)

async function print(
  args: readonly string[],
  generate: () => SecretKey,
  { out, err, streams }: CommandContext,
): Promise<number> {
  if (args.length > 0) throw new UsageError('')
  if (isWorldAccessibleFile(streams.stdout.fd)) {
    await err.write('Warning: writing to world accessible file.\n')
    await err.write('Consider setting the umask to 077 and trying again.\n')
  }
  await out.write(`${generate().toBase64()}\n`)
  return 0
}

/** Only a regular file can be world-accessible. */
function isWorldAccessibleFile(fd: number | undefined): boolean {
  if (fd === undefined) return false
  const stat = fstatSync(fd)
  return stat.isFile() && (stat.mode & 0o007) !== 0
}
