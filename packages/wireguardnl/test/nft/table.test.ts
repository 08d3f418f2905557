import { describe, expect, it } from '@jest/globals'
import { ack, connect, errorAck, type FakeRequest } from '../../../../test-fixtures/fakes/kernel.js'
import { hex } from '../../../../test-fixtures/hex.js'
import { loadExchange } from '../../../../test-fixtures/load.js'
import { tunnelTable, tunnelTableName } from '../../src/firewall/tunnel-table.js'
import type { BatchMessage } from '../../src/netlink/batch.js'
import { NLM_F_ACK } from '../../src/netlink/constants.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../src/netlink/message.js'
import {
  createTable,
  decodeChain,
  decodeTable,
  deleteTable,
  transaction,
} from '../../src/nft/table.js'

const NEWTABLE = 0x0a00
const NEWCHAIN = 0x0a03

/** The messages of the batch that nft sends in a capture. */
function batchOf(name: string): { type: number; flags: number; payload: Uint8Array }[] {
  const { sent } = loadExchange(`netlink/6.12/${name}.hex`)
  const messages = []
  for (const datagram of sent) {
    for (const message = new MessageReader(datagram); message.next();) {
      const { type, flags } = message
      messages.push({ type, flags, payload: datagram.slice(message.start, message.end) })
    }
  }
  return messages.slice(messages.findIndex(({ type }) => type === 0x10))
}

/** Messages without the request for an acknowledgement, and as requests. */
function plain(messages: readonly BatchMessage[]) {
  return messages.map(({ type, flags, payload }) => ({
    type,
    flags: (flags | 1) & ~NLM_F_ACK,
    payload: Buffer.from(payload).toString('hex'),
  }))
}

function linesOf(messages: readonly BatchMessage[]): string[] {
  return plain(messages).map(({ type, flags, payload }) => `${type} ${flags} ${payload}`)
}

describe('the table of a tunnel', () => {
  it.each([
    ['nft-table-ip-wg0', 4, '0a080002'],
    ['nft-table-ip6-wg0', 6, 'fd000008000000000000000000000002'],
  ] as const)('has the bytes of nft: %s', (name, family, address) => {
    const tunnel = { device: 'wg0', family, addresses: [hex(address)], mark: 51_820 }
    const messages = transaction(createTable(tunnelTable(tunnel)))
    // The rules of different chains have no order. nft was given those of postmangle first.
    const [ours, theirs] = [linesOf(messages), linesOf(batchOf(name))]
    expect(ours.slice(0, 6)).toEqual(theirs.slice(0, 6))
    expect(ours.toSorted()).toEqual(theirs.toSorted())
    const [begin, ...others] = messages
    expect([begin!.flags & NLM_F_ACK, others.at(-1)!.flags & NLM_F_ACK]).toEqual([0, 0])
    expect(others.slice(0, -1).every(({ flags }) => (flags & NLM_F_ACK) !== 0)).toBe(true)
  })

  it('is deleted as by nft, after it was made if it is not there', () => {
    const messages = [4, 6].flatMap((family) =>
      deleteTable(tunnelTableName('wg0', family as 4 | 6)),
    )
    const deletions = messages.filter(({ type }) => type !== NEWTABLE)
    expect(plain(transaction(deletions))).toEqual(plain(batchOf('nft-delete-again')))
    expect(messages.map(({ type }) => type & 0xff)).toEqual([0, 2, 0, 2])
  })
})

describe('tables of the kernel', () => {
  it('are read', () => {
    const tables = []
    for (const datagram of loadExchange('netlink/6.12/nft-list-tables.hex').received) {
      for (const message = new MessageReader(datagram); message.next();) {
        if (message.type === NEWTABLE) tables.push(decodeTable(message))
      }
    }
    const both = [2, 10].map((family) => ({ family, name: 'wg-quick-wg0' }))
    expect(tables).toEqual([...both, ...both].slice(0, tables.length))
    expect(tables.length).toBeGreaterThan(1)
  })

  it.each([
    ['cut', '02 00'],
    ['with a name that is cut', '02 00 0000 0900 0100 7700'],
  ])('are malformed when they are %s', (_, bytes) => {
    const datagram = encodeMessage({ type: NEWTABLE, flags: 0, sequence: 1 }, hex(bytes))
    const message = new MessageReader(datagram)
    message.next()
    expect(() => decodeTable(message)).toThrow(MalformedMessageError)
  })
})

describe('chains of the kernel', () => {
  it('are read, if the kernel calls them', () => {
    const chains = []
    for (const datagram of loadExchange('netlink/6.12/nft-list-ruleset.hex').received) {
      for (const message = new MessageReader(datagram); message.next();) {
        if (message.type === NEWCHAIN) chains.push(decodeChain(message))
      }
    }
    expect(chains).toContainEqual({
      family: 2,
      table: 'wg-quick-wg0',
      name: 'postmangle',
      hook: 4,
      policy: 1,
    })
  })

  it.each([
    ['cut', '02 00'],
    ['with a policy that is cut', '02 00 0000 0600 0500 0000'],
    ['with a hook that is cut', '02 00 0000 0c00 0400 0600 0100 0000'],
  ])('are malformed when they are %s', (_, bytes) => {
    const datagram = encodeMessage({ type: NEWCHAIN, flags: 0, sequence: 1 }, hex(bytes))
    const message = new MessageReader(datagram)
    message.next()
    expect(() => decodeChain(message)).toThrow(MalformedMessageError)
  })
})

describe('a batch', () => {
  const messages = transaction(deleteTable(tunnelTableName('wg0', 4)))
  const [BEGIN, END] = [0x10, 0x11]
  /** A kernel that answers the messages between the markers. */
  const connectTo = (answer: (request: FakeRequest, place: number) => readonly Uint8Array[]) => {
    let place = 0
    return connect((request) => {
      if (request.type === BEGIN) place = 0
      return request.type === BEGIN || request.type === END ? [] : answer(request, place++)
    })
  }

  it('is one datagram, and over when each message is acknowledged', async () => {
    const { connection, kernels } = connectTo((request) => [ack(request)])
    await connection.batch(messages)
    await connection.batch(messages)
    const [kernel] = kernels
    expect(kernels).toHaveLength(1)
    expect(kernel!.calls.filter((call) => call === 'send')).toHaveLength(2)
    expect(kernel!.requests.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(kernel!.requests.map(({ type }) => type & 0xff)).toEqual([
      BEGIN,
      0,
      2,
      END,
      BEGIN,
      0,
      2,
      END,
    ])
    await connection.close()
  })

  it.each([
    ['the first of two', [17, 0]],
    ['the second of two', [0, 17]],
    ['both', [17, 2]],
  ])('fails when the kernel refuses %s, after the last answer', async (_, errnos) => {
    const { connection, kernels } = connectTo((request, i) => [errorAck(request, errnos[i]!)])
    await expect(connection.batch(messages)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(kernels[0]!.closed).toBe(false)
    await connection.close()
  })

  it('fails at once when the kernel refuses it as such', async () => {
    const { connection } = connect((request) =>
      request.type === BEGIN ? [errorAck(request, 1)] : [],
    )
    await expect(connection.batch(messages)).rejects.toMatchObject({ code: 'EPERM' })
    await connection.close()
  })

  it('fails in time when an answer is missing, and takes no answer of another exchange', async () => {
    const { connection } = connectTo((request, i) => {
      const others = [
        { ...request, sequence: request.sequence - 4 },
        { ...request, portId: 7 },
      ]
      return i === 0 ? [ack(request)] : others.map((other) => ack(other))
    })
    const call = connection.batch(messages, { idleTimeout: 50 })
    await expect(call).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    await connection.close()
  })

  it('of no messages is nothing', async () => {
    const { connection, kernels } = connect(() => [])
    await connection.batch([])
    expect(kernels).toEqual([])
    await connection.close()
  })
})
