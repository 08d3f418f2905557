import * as fc from 'fast-check'
import { UapiClient } from 'wireguardcfg'
import {
  listenRaw,
  type RawServer,
  type Script,
} from '../../../../test-fixtures/fakes/raw-server.js'
import { turns } from '../../../../test-fixtures/wait.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { SAMPLE_REPLIES } from '../../../wireguardcfg/test/support/replies.js'
import { settledOutcome, SECRETS } from '../faults.js'
import { target } from '../target.js'
import { piecesOf, UAPI_WORDS } from './uapi-replies.js'

type Conversation = {
  readonly call: string
  /** What the daemon sends on each connection, one after the other. */
  readonly connections: readonly {
    readonly reply: Uint8Array
    readonly pieces: readonly number[]
    /** What it does then: `end`, `reset`, or nothing. */
    readonly afterwards: string
    /** Whether it waits for the request. */
    readonly waits: boolean
  }[]
}

const CALLS = ['device', 'batches', 'configure', 'remove', 'names'] as const
const ENDS = ['end', 'end', 'reset', 'stay'] as const
const IDLE_TIMEOUT = 30

export const uapiClient = target<Conversation>({
  name: 'uapi-client',
  what: 'calls of UapiClient to a daemon that replies, cuts, delays and resets as it likes',
  fresh: fc.record({
    call: fc.constantFrom(...CALLS),
    connections: fc.array(
      fc.record({
        reply: fc.oneof(
          fc.constantFrom(...SAMPLE_REPLIES).map(({ text }) => bytesOf(text)),
          fc.constantFrom('errno=0\n\n', 'errno=-22\n\n', 'errno=1\n\n', '', '\n').map(bytesOf),
        ),
        pieces: fc.array(fc.nat(300), { maxLength: 5 }),
        afterwards: fc.constantFrom(...ENDS),
        waits: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  seeds: () =>
    SAMPLE_REPLIES.map(({ text }) => ({
      call: 'device',
      connections: [{ reply: bytesOf(text), pieces: [10, 200], afterwards: 'end', waits: true }],
    })),
  words: UAPI_WORDS,
  open: async () => {
    let script: Script = ignore
    const server = await listenRaw((connection) => script(connection))
    const client = new UapiClient({ directory: server.directory })
    return {
      run: async (conversation) => {
        script = scriptOf(conversation, server.accepted)
        await settledOutcome(() => callOf(conversation.call, client))
        await closed(server)
      },
      close: async () => {
        await client.close()
        await server[Symbol.asyncDispose]()
      },
    }
  },
})

function ignore(): void {}

/** The client has closed its connections: it holds none between calls. */
function closed(server: RawServer): Promise<void> {
  return server.allClosed()
}

function scriptOf({ connections }: Conversation, first: number): Script {
  return async ({ socket, index, request }) => {
    const { reply, pieces, afterwards, waits } = connections[index - first] ?? {
      reply: bytesOf('errno=0\n\n'),
      pieces: [],
      afterwards: 'end',
      waits: true,
    }
    if (waits) await request()
    // Without a reader, the server would not see that the client has gone.
    else socket.resume()
    for (const piece of piecesOf(reply, pieces.slice(0, 40))) {
      socket.write(piece)
      await turns(2)
    }
    if (afterwards === 'reset') socket.destroy()
    else if (afterwards !== 'stay') socket.end()
  }
}

async function callOf(call: string, client: UapiClient): Promise<unknown> {
  const options = { idleTimeout: IDLE_TIMEOUT }
  const publicKey = publicKeyOf(1)
  switch (call) {
    case 'batches': {
      let count = 0
      for await (const batch of client.peerBatches('wg0', options)) count += batch.length
      return count
    }
    case 'configure': {
      const peers = [{ publicKey, presharedKey: SECRETS[1], allowedIPs: ['10.0.0.1/32'] }]
      return client.configureDevice('wg0', { privateKey: SECRETS[0], peers }, options)
    }
    case 'remove': {
      const peers = [{ publicKey, removeAllowedIPs: ['10.0.0.1/32'] }]
      return client.configureDevice('wg0', { peers }, options)
    }
    case 'names':
      return client.deviceNames(options)
    default:
      return client.device('wg0', options)
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'))
}
