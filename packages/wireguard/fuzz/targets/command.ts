import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { mangledKey } from '../../../../test-fixtures/mangled-keys.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { BAD_FILES } from '../../test/cli/bad-files.js'
import { generatedFiles, generatedSetLines } from '../../test/cli/generated.js'
import { runMain } from '../../test/cli/run-main.js'
import { SET_LINES } from '../../test/cli/set-lines.js'
import { checkNoSecret, SECRET_DIGITS, SECRET_TEXTS, SECRETS } from '../faults.js'
import { must, target } from '../target.js'
import { CONF_WORDS } from './conf.js'

type CommandLine = {
  /** `@0` stands for the path of the first file. */
  readonly argv: readonly string[]
  readonly stdin: string
  readonly files: readonly string[]
  readonly isTTY: boolean
}

const WORDS = [
  ...`show showconf set setconf addconf syncconf genkey genpsk pubkey check --help -h --version help
    wg0 wg1 all interfaces public-key private-key listen-port fwmark peers preshared-keys endpoints
    allowed-ips latest-handshakes transfer persistent-keepalive dump --json --reveal -- peer
    preshared-key endpoint remove @0 @1 /dev/stdin /dev/null /nonexistent / off 0x10 51820 99999
    192.0.2.1:5 [fe80::1%eth0]:5 localhost:5 vpn.example.com:5 10.0.0.0/8,fd00::/64 +10.0.0.1
    -10.0.0.1`.split(/\s+/),
  '',
  publicKeyOf(1),
  publicKeyOf(2),
  ...SECRET_TEXTS,
  ...SECRET_DIGITS,
  '\u001b[31m',
  '\n',
]

/** The words with which the command prints keys on standard output, as it should. */
const REVEALING = new Set(['showconf', 'dump', 'private-key', 'preshared-keys', '--reveal'])

const word = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: mangledKey.map((mangled) => mangled.text) },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
)

export const command = target<CommandLine>({
  name: 'command',
  what: 'command lines, files and input: exit code 0 or 1, a message, and no secret in it',
  fresh: fc.record({
    argv: fc.array(word, { maxLength: 8 }),
    stdin: fc.oneof(fc.constantFrom('', ...SECRET_TEXTS), fc.string({ maxLength: 60 })),
    files: fc.array(
      fc
        .array(fc.constantFrom(...CONF_WORDS), { maxLength: 12 })
        .map((parts) => `[Interface]\n${parts.join('')}`),
      { maxLength: 2 },
    ),
    isTTY: fc.boolean(),
  }),
  seeds: () => {
    const lines = [...SET_LINES.map(([line]) => line), ...generatedSetLines(30)]
    const files = [...BAD_FILES.map(([text]) => text), ...generatedFiles(20)]
    return [
      ...lines.map((line) => seed(['set', 'wg0', ...line])),
      ...files.flatMap((text) =>
        ['setconf', 'addconf', 'syncconf'].map((name) => seed([name, 'wg0', '@0'], text)),
      ),
      seed(['show']),
      seed(['show', 'wg0', '--json']),
      seed(['show', 'all', 'endpoints']),
      seed(['check', '@0'], '[Peer]\n'),
    ]
  },
  words: [...WORDS, ...CONF_WORDS],
  open: async () => {
    const temporary = await temporaryDirectory()
    const directory = temporary.path
    const server = await UapiServer.listen({ name: 'wg0', directory, peerOrder: 'insertion' })
    const client = new UapiClient({ directory })
    return {
      run: async (line) => {
        await client.configureDevice('wg0', DEVICE)
        await runLine(line, directory)
      },
      close: async () => {
        await client.close()
        await server.close()
        await temporary[Symbol.asyncDispose]()
      },
    }
  },
})

const DEVICE = {
  privateKey: SECRETS[0],
  listenPort: 51_820,
  firewallMark: 0,
  replacePeers: true,
  peers: [
    {
      publicKey: publicKeyOf(1),
      presharedKey: SECRETS[1],
      endpoint: '192.0.2.1:5',
      persistentKeepalive: 25,
      allowedIPs: ['10.0.0.1/32', 'fd00::1/128'],
    },
    { publicKey: publicKeyOf(2), presharedKey: SECRETS[2] },
  ],
}

async function runLine(
  { argv, stdin, files, isTTY }: CommandLine,
  directory: string,
): Promise<void> {
  const paths = files.slice(0, 3).map((_, i) => join(directory, `file${i}`))
  const args = argv.map((argument) =>
    argument.replace(/^@(\d)$/, (_, i: string) => paths[Number(i)] ?? '/nonexistent'),
  )
  // A path cannot have a NUL, and neither can an argument of a program.
  if (args.some((argument) => argument.includes('\0'))) return
  for (const [i, path] of paths.entries()) await writeFile(path, files[i]!)
  const { code, stdout, stderr } = await runMain(args, {
    input: stdin,
    directory,
    isTTY,
    env: { WG_ENDPOINT_RESOLUTION_RETRIES: '0' },
    lookup: (host) =>
      host === 'localhost'
        ? Promise.resolve('127.0.0.1')
        : Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' })),
  })
  await Promise.all(paths.map((path) => rm(path)))
  must(code === 0 || code === 1, `the exit code ${code}`)
  must(!/\n\s+at .*:\d+/.test(stderr), () => `a stack trace: ${stderr}`)
  must(code === 0 || stderr !== '' || args[0] === 'check', 'it failed without a message')
  checkNoSecret(stderr, 'standard error')
  if (!args.some((argument) => REVEALING.has(argument))) {
    checkNoSecret(stdout, 'standard output')
  }
}

function seed(argv: readonly string[], ...files: readonly string[]): CommandLine {
  return { argv, stdin: '', files, isTTY: false }
}
