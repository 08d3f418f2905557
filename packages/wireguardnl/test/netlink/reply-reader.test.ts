import { describe, expect, it } from '@jest/globals'
import {
  NLM_F_DUMP_FILTERED,
  NLM_F_DUMP_INTR,
  NLMSG_NOOP,
  NLMSG_OVERRUN,
} from '../../src/netlink/constants.js'
import { ReplyReader } from '../../src/netlink/reply-reader.js'
import { AttributeWriter } from '../../src/netlink/attribute-writer.js'
import { ACK, DEVICE_DUMP, ENODEV_REPLY, PORT_ID, SEQUENCE } from '../support/captures.js'
import {
  done,
  errorAck,
  type FakeRequest,
  foreign,
  join,
  reply,
  stale,
} from '../../../../test-fixtures/fakes/kernel.js'

const REQUEST: FakeRequest = {
  type: 0x17,
  flags: 0x301,
  sequence: SEQUENCE,
  portId: PORT_ID,
  payload: new Uint8Array(0),
  bytes: new Uint8Array(16),
}
const DATA = reply(REQUEST, Uint8Array.of(1, 2, 3, 4), { flags: 2 })

function reader(...datagrams: readonly Uint8Array[]) {
  let progress = 0
  const replies = new ReplyReader({
    sequence: SEQUENCE,
    portId: PORT_ID,
    operation: 'test',
    onProgress: () => (progress += 1),
  })
  const types: number[] = []
  const run = () => {
    for (const datagram of datagrams) {
      replies.load(datagram)
      while (replies.next()) types.push(replies.message.type)
    }
  }
  return { replies, types, run, progress: () => progress }
}

describe('ReplyReader', () => {
  it('returns the data of a captured dump and detects its end', () => {
    const { replies, types, run, progress } = reader(DEVICE_DUMP)
    run()
    expect(types).toEqual([0x17])
    expect(replies.ended).toBe(true)
    expect(replies.outcome).toEqual({ interrupted: false, filtered: false, warning: undefined })
    expect(progress()).toBe(2)
  })

  it('skips the answers to other sockets, which are not progress', () => {
    const others = [stale(ACK), foreign(ACK), stale(DEVICE_DUMP), foreign(ENODEV_REPLY)]
    const { replies, types, run, progress } = reader(...others)
    run()
    expect([types, replies.ended, progress()]).toEqual([[], false, 0])
  })

  it('skips NLMSG_NOOP', () => {
    const noop = reply(REQUEST, new Uint8Array(0), { type: NLMSG_NOOP })
    const { replies, types, run } = reader(join(noop, DATA))
    run()
    expect([types, replies.ended]).toEqual([[0x17], false])
  })

  it('reads nothing after the end', () => {
    const { types, run } = reader(join(ACK, DATA), DATA)
    run()
    expect(types).toEqual([])
  })

  it.each([
    ['the first message', [reply(REQUEST, DATA, { flags: NLM_F_DUMP_INTR }), DATA, done(REQUEST)]],
    ['a later message', [DATA, reply(REQUEST, DATA, { flags: NLM_F_DUMP_INTR }), done(REQUEST)]],
    ['the DONE', [DATA, done(REQUEST, 0, { flags: NLM_F_DUMP_INTR })]],
  ])('remembers an interruption that is marked on %s only', (_, datagrams) => {
    const { replies, run } = reader(...datagrams)
    run()
    expect([replies.ended, replies.outcome.interrupted]).toEqual([true, true])
  })

  it('ignores the interruption of another dump', () => {
    const { replies, run } = reader(
      stale(done(REQUEST, 0, { flags: NLM_F_DUMP_INTR })),
      done(REQUEST),
    )
    run()
    expect(replies.outcome.interrupted).toBe(false)
  })

  it('reports whether the dump was filtered', () => {
    const { replies, run } = reader(reply(REQUEST, DATA, { flags: NLM_F_DUMP_FILTERED }))
    run()
    expect(replies.outcome.filtered).toBe(true)
  })

  it.each([
    ['an ERROR', ENODEV_REPLY, 'ENODEV', 19],
    ['a DONE with an errno', done(REQUEST, 22), 'EINVAL', 22],
    ['an ERROR instead of a DONE, after data', join(DATA, errorAck(REQUEST, 53)), 'EBADR', 53],
  ])('throws the errno of %s', (_, datagram, code, errno) => {
    const { replies, run } = reader(datagram)
    expect(run).toThrow(
      expect.objectContaining({
        code,
        errno,
        kind: 'message',
        operation: 'test',
        extendedAck: undefined,
      }),
    )
    expect(replies.ended).toBe(true)
  })

  it('throws the explanation of the kernel', () => {
    const attributes = new AttributeWriter()
      .string(1, 'invalid attribute length')
      .u32(2, 28)
      .bytes()
    const { run } = reader(errorAck(REQUEST, 22, attributes))
    const extendedAck = { message: 'invalid attribute length', offset: 28 }
    const message = 'test: EINVAL, invalid argument (invalid attribute length)'
    expect(run).toThrow(expect.objectContaining({ message, extendedAck }))
  })

  it('keeps the warning of a success', () => {
    const { replies, run } = reader(
      errorAck(REQUEST, 0, new AttributeWriter().string(1, 'careful').bytes()),
    )
    run()
    expect(replies.outcome.warning).toBe('careful')
  })

  it('throws ENOBUFS when replies were lost', () => {
    const { replies, run } = reader(reply(REQUEST, new Uint8Array(0), { type: NLMSG_OVERRUN }))
    expect(run).toThrow(expect.objectContaining({ code: 'ENOBUFS' }))
    expect(replies.ended).toBe(false)
  })
})
