import { connect } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { turns } from '../../../../test-fixtures/wait.js'
import { SECRET_DIGITS } from '../faults.js'
import { must, target } from '../target.js'
import { revealed } from '../revealed.js'
import { piecesOf, UAPI_WORDS } from './uapi-replies.js'

type Request = {
  readonly bytes: Uint8Array
  readonly pieces: readonly number[]
  /** Whether the client goes away without reading. */
  readonly leaves: boolean
}

const PEER = Buffer.from(publicKeyOf(1), 'base64').toString('hex')

const SET = [
  'set=1',
  `private_key=${SECRET_DIGITS[0]!}`,
  'listen_port=51820',
  'fwmark=7',
  'replace_peers=true',
  `public_key=${PEER}`,
  `preshared_key=${SECRET_DIGITS[1]!}`,
  'endpoint=192.0.2.1:5',
  'persistent_keepalive_interval=25',
  'replace_allowed_ips=true',
  'allowed_ip=10.0.0.1/32',
  'allowed_ip=-10.0.0.1/32',
  'allowed_ip=fd00::/64',
  '',
  '',
].join('\n')

const WORDS = [
  ...UAPI_WORDS,
  'get=1\n\n',
  'set=1\n',
  SET,
  `public_key=${PEER}\n`,
  'update_only=true\n',
]

export const uapiServer = target<Request>({
  name: 'uapi-server',
  what: 'requests to the server in this process, in any pieces, which goes on serving',
  fresh: fc.record({
    bytes: fc
      .array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 8 })), { maxLength: 20 })
      .map((parts) => Uint8Array.from(Buffer.from(`set=1\n${parts.join('')}`, 'latin1'))),
    pieces: fc.array(fc.nat(200), { maxLength: 5 }),
    leaves: fc.boolean(),
  }),
  seeds: () =>
    [SET, 'get=1\n\n', `${SET}get=1\n\n`].map((text) => ({
      bytes: Uint8Array.from(Buffer.from(text)),
      pieces: [7, 60],
      leaves: false,
    })),
  words: WORDS,
  open: async () => {
    const temporary = await temporaryDirectory()
    const directory = temporary.path
    const server = await UapiServer.listen({ name: 'wg0', directory, peerOrder: 'insertion' })
    const client = new UapiClient({ directory })
    return {
      run: async (request) => {
        const reply = await send(server.path, request)
        if (reply !== undefined) checkReply(reply)
        const read = await client.device('wg0', { idleTimeout: 2000 })
        must(
          isDeepStrictEqual(revealed(read), revealed({ ...server.device(), backend: 'userspace' })),
          'the client reads another device than the server has',
        )
        await client.configureDevice('wg0', EMPTY)
      },
      close: async () => {
        await client.close()
        await server.close()
        await temporary[Symbol.asyncDispose]()
      },
    }
  },
})

const EMPTY = { privateKey: null, listenPort: 0, firewallMark: 0, replacePeers: true, peers: [] }

/** Sends a request and returns the whole reply; `undefined` when the client left. */
async function send(path: string, { bytes, pieces, leaves }: Request): Promise<string | undefined> {
  const socket = connect(path)
  let reply = ''
  socket.on('data', (chunk: Buffer) => {
    reply += chunk.toString('latin1')
  })
  // The server may close the connection while this writes.
  socket.on('error', () => {})
  const ended = new Promise((resolve) => {
    socket.on('close', resolve)
  })
  for (const piece of piecesOf(bytes, pieces.slice(0, 40))) {
    socket.write(piece)
    await turns(1)
  }
  if (leaves) socket.destroy()
  else socket.end()
  await ended
  return leaves ? undefined : reply
}

/** A reply is lines, and each operation ends with a status that is the last line of its reply. */
function checkReply(reply: string): void {
  if (reply === '') return
  must(/^(?:(?:[a-z_]+=[^\n]*\n)*errno=-?\d+\n\n)*$/.test(reply), () => `the reply ${reply}`)
}
