import { describe, expect, it } from '@jest/globals'
import { assert, nat, oneof, property, tuple, uint8Array } from 'fast-check'
import { isWireGuardError } from 'wireguardcfg'
import {
  decodeReply,
  encodeCall,
  messageLength,
  Reader,
  Writer,
} from '../../../src/up/dns/dbus/message.js'
import { linkCalls } from '../../../src/up/dns/resolved.js'

// What busctl(1) of systemd 252 sent: the first call of a connection, and
// SetLinkDNS ia(iay) 5 1 2 4 10 8 0 9.
const HELLO =
  '6c01000100000000010000006d00000001016f00150000002f6f72672f667265656465736b746f70' +
  '2f44427573000000030173000500000048656c6c6f00000002017300140000006f72672e66726565' +
  '6465736b746f702e444275730000000006017300140000006f72672e667265656465736b746f702e' +
  '4442757300000000'
const SET_LINK_DNS =
  '6c0104011400000002000000a500000001016f00190000002f6f72672f667265656465736b746f70' +
  '2f7265736f6c76653100000000000000030173000a0000005365744c696e6b444e53000000000000' +
  '02017300200000006f72672e667265656465736b746f702e7265736f6c7665312e4d616e61676572' +
  '000000000000000006017300180000006f72672e667265656465736b746f702e7265736f6c766531' +
  '000000000000000008016700076961286961792900000000050000000c0000000200000004000000' +
  '0a080009'
/** busctl allows the service to ask the user for a password. */
const FLAGS = 2

describe('calls over D-Bus', () => {
  it('are those of busctl, to the byte', () => {
    const bus = 'org.freedesktop.DBus'
    const hello = { destination: bus, path: '/org/freedesktop/DBus', interface: bus }
    expect(encodeCall({ ...hello, member: 'Hello' }, 1).toString('hex')).toBe(HELLO)
    const [setDNS] = linkCalls(5, {
      dns: { servers: ['10.8.0.9'], search: [] },
      isSplit: false,
    })
    const expected = Buffer.from(SET_LINK_DNS, 'hex')
    expected[FLAGS] = 0
    expect(encodeCall(setDNS!, 2).toString('hex')).toBe(expected.toString('hex'))
    expect(messageLength(expected)).toBe(expected.byteLength)
  })

  it('are for all names, with servers of both families', () => {
    const dns = { servers: ['10.8.0.9', 'fe80::1%wg0'], search: ['corp.example'] }
    const calls = linkCalls(7, { dns, isSplit: false })
    expect(calls.map(({ member, signature }) => [member, signature])).toEqual([
      ['SetLinkDNS', 'ia(iay)'],
      ['SetLinkDomains', 'ia(sb)'],
      ['SetLinkDefaultRoute', 'ib'],
    ])
    const bodies = calls.map(({ write }) => {
      const body = new Writer()
      write?.(body)
      return body.bytes
    })
    expect(bodies[0]!.includes(Buffer.from([10, 0, 0, 0, 16, 0, 0, 0, 0xfe, 0x80]))).toBe(true)
    expect(bodies[1]!.includes('corp.example\0')).toBe(true)
  })
})

/** An answer as a bus sends it, with a signature and a sender besides. */
function answer(type: number, serial: number, error?: string): Buffer {
  const message = new Writer()
  message.byte(108).byte(type).byte(1).byte(1).uint32(9).uint32(3)
  message.array(8, () => {
    message.align(8).byte(5).signature('u').uint32(serial)
    if (error !== undefined) message.align(8).byte(4).signature('s').string(error)
    message.align(8).byte(7).signature('s').string('org.freedesktop.DBus')
    message.align(8).byte(8).signature('g').signature('s')
  })
  return Buffer.concat([message.align(8).bytes, new Writer().string('text').bytes])
}

describe('answers over D-Bus', () => {
  it('say which call they are for, and what failed', () => {
    const done = answer(2, 77)
    expect(messageLength(done)).toBe(done.byteLength)
    expect(messageLength(done.subarray(0, 15))).toBeUndefined()
    expect(decodeReply(done)).toMatchObject({ serial: 77, error: undefined })
    expect(new Reader(decodeReply(done)!.body).string()).toBe('text')
    expect(decodeReply(answer(3, 78, 'org.x.Error'))).toMatchObject({ error: 'org.x.Error' })
    // A signal.
    expect(decodeReply(answer(4, 1))).toBeUndefined()
  })

  it('never lead out of their bytes, whatever these are', () => {
    const valid = answer(3, 78, 'org.x.Error')
    const bytes = oneof(
      uint8Array({ maxLength: 200 }).map((given) => Buffer.from(given)),
      tuple(nat(valid.byteLength - 1), nat(255)).map(([at, value]) => {
        const changed = Buffer.from(valid)
        changed[at] = value
        return changed
      }),
      nat(valid.byteLength).map((length) => valid.subarray(0, length)),
    )
    assert(
      property(bytes, (given) => {
        try {
          const length = messageLength(given)
          if (length === undefined || length > given.byteLength) return
          const reply = decodeReply(given.subarray(0, length))
          if (reply !== undefined) new Reader(reply.body).string()
        } catch (error) {
          expect(isWireGuardError(error) && error.code).toBe('EPROTO')
        }
      }),
    )
  })
})
