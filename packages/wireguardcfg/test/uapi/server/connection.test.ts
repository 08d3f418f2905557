import { describe, expect, it } from '@jest/globals'
import { turns } from '../../../../../test-fixtures/wait.js'
import { ALICE, BOB, RawClient, manyPeers, setOf, startServer } from './raw-client.js'

const FILLER = 'fwmark=9\n'.repeat(2000)

describe('framing', () => {
  it('answers several operations of one connection', async () => {
    const client = new RawClient((await startServer()).path)
    expect(await client.ask('get=1\n\n')).toBe('errno=0\n\n')
    expect(await client.ask(setOf(['fwmark=7']))).toBe('errno=0\n\n')
    expect(await client.ask('get=1\n\n')).toBe('fwmark=7\nerrno=0\n\n')
  })

  it('reads a request that comes byte by byte', async () => {
    const client = new RawClient((await startServer()).path)
    const operation = setOf(['fwmark=7', `public_key=${ALICE}`, 'endpoint=[fe80::1%ü]:5'])
    for (const byte of Buffer.from(operation)) await client.send(Uint8Array.of(byte))
    expect(await client.reply()).toBe('errno=0\n\n')
    for (const byte of 'get=1\n\n') await client.send(byte)
    expect(await client.reply()).toContain('\nendpoint=[fe80::1%ü]:5\n')
  })

  it('reads a request that is cut in two anywhere', async () => {
    const server = await startServer()
    const operation = setOf(['fwmark=7', `public_key=${ALICE}`])
    const replies = Array.from({ length: operation.length - 1 }, async (_, i) => {
      const client = new RawClient(server.path)
      await client.send(operation.slice(0, i + 1))
      await client.send(operation.slice(i + 1))
      return client.reply()
    })
    expect(new Set(await Promise.all(replies))).toEqual(new Set(['errno=0\n\n']))
  })

  it.each([
    ['another word', 'foo\n'],
    ['an empty line', '\n'],
    ['a carriage return', 'get=1\r\n\r\n'],
    ['a higher version', 'get=2\n\n'],
    ['a line without end', 'x'.repeat(100_000)],
  ])('closes the connection without a reply for %s', async (_, operation) => {
    const client = new RawClient((await startServer()).path)
    await client.send(operation)
    expect(await client.rest()).toBe('')
  })

  it('refuses a get without an empty line after it, and reads on after the wrong byte', async () => {
    const client = new RawClient((await startServer()).path)
    await client.send('get=1\nxget=1\n\n')
    expect(await client.reply()).toBe('errno=-22\n\n')
    expect(await client.reply()).toBe('errno=0\n\n')
    await client.send('get=1\nx=1\n\n')
    expect(await client.rest()).toBe('errno=-22\n\n')
  })

  it('answers the next operation after a set that failed', async () => {
    const client = new RawClient((await startServer()).path)
    expect(await client.set('x=1', 'fwmark=9')).toBe('errno=-22')
    expect(await client.get()).toEqual([])
  })

  it('reads the rest of a set that failed as operations', async () => {
    const server = await startServer()
    const client = new RawClient(server.path)
    await client.send(`set=1\nx=1\n${FILLER}\n`)
    expect(await client.rest()).toBe('errno=-22\n\n')
    expect(server.device().firewallMark).toBe(0)
  })

  it('discards the bytes that were sent before the reply to a set', async () => {
    const client = new RawClient((await startServer()).path)
    await client.send(`${setOf(['fwmark=7'])}get=1\n\n`)
    client.finish()
    expect(await client.rest()).toBe('errno=0\n\n')
  })

  it.each([
    ['takes a line of 65535 bytes', 65_535, 'errno=0\n\n'],
    ['refuses a line of 65536 bytes', 65_536, 'errno=-5\n\n'],
    ['refuses a line of 200000 bytes', 200_000, 'errno=-5\n\n'],
  ])('%s', async (_, length, status) => {
    const client = new RawClient((await startServer()).path)
    expect(await client.ask(setOf([`fwmark=${'7'.padStart(length - 7, '0')}`]))).toBe(status)
  })
})

describe('a client that disconnects', () => {
  it.each([
    [
      'in a line of a set',
      'set=1\nfwmark=5\nlisten_port=41',
      'errno=0\n\n',
      { firewallMark: 5, listenPort: 41 },
    ],
    ['after a line of a set', 'set=1\nfwmark=5\n', 'errno=0\n\n', { firewallMark: 5 }],
    ['in a bad line of a set', 'set=1\nfwmark=5\nlisten_po', 'errno=-71\n\n', { firewallMark: 5 }],
    ['in an operation', 'set=1', '', {}],
    ['after half a get', 'get=1\n', '', {}],
    ['at once', '', '', {}],
  ])('has applied what it sent completely: %s', async (_, sent, replies, state) => {
    const server = await startServer()
    const client = new RawClient(server.path)
    if (sent !== '') await client.send(sent)
    client.finish()
    expect(await client.rest()).toBe(replies)
    expect(server.device()).toMatchObject({ firewallMark: 0, listenPort: 0, ...state })
  })

  it('delays no other client when it hangs up during a set', async () => {
    const { path } = await startServer()
    const leaving = new RawClient(path)
    await leaving.send('set=1\nfwmark=5\n')
    const other = new RawClient(path)
    const reply = other.ask('get=1\n\n')
    leaving.hangUp()
    expect(await reply).toBe('fwmark=5\nerrno=0\n\n')
  })

  it('delays no other client when it hangs up during a long reply', async () => {
    const { path } = await startServer()
    const client = new RawClient(path)
    await client.ask(setOf(manyPeers(10_000)))
    const leaving = new RawClient(path)
    leaving.pause()
    await leaving.send('get=1\n\n')
    const change = client.ask(setOf(['fwmark=5']))
    leaving.hangUp()
    expect(await change).toBe('errno=0\n\n')
  })
})

describe('operations of several connections', () => {
  /** Rounds of the event loop in which the server acts on what was sent, if it can. */
  const LONG = 50

  it('lets every other operation wait during a set', async () => {
    const { path } = await startServer()
    const [writer, reader] = [new RawClient(path), new RawClient(path)]
    await writer.send('set=1\nfwmark=5\n')
    await turns(LONG)
    await reader.send('get=1\n\n')
    await turns(LONG)
    expect(reader.received).toBe('')
    expect(await writer.ask('fwmark=6\n\n')).toBe('errno=0\n\n')
    expect(await reader.reply()).toBe('fwmark=6\nerrno=0\n\n')
  })

  it('runs other reads during a slow one, and lets a set wait for it', async () => {
    const { path } = await startServer()
    const [slow, writer, reader] = [new RawClient(path), new RawClient(path), new RawClient(path)]
    await writer.ask(setOf(manyPeers(10_000)))
    slow.pause()
    await slow.send('get=1\n\n')
    await turns(LONG)
    expect((await reader.get()).length).toBe(80_000)
    const change = writer.ask(setOf(['replace_peers=true']))
    await turns(LONG)
    expect(writer.received).toBe('')
    slow.resume()
    expect((await slow.reply()).endsWith('\nerrno=0\n\n')).toBe(true)
    expect(await change).toBe('errno=0\n\n')
    expect(await reader.get()).toEqual([])
  })

  it('answers a hundred at once', async () => {
    const server = await startServer()
    const replies = Array.from({ length: 100 }, (_, i) =>
      new RawClient(server.path).ask(
        i % 2 === 0
          ? 'get=1\n\n'
          : setOf([`fwmark=${i}`, `public_key=${i % 4 === 1 ? ALICE : BOB}`]),
      ),
    )
    for (const reply of await Promise.all(replies)) expect(reply.endsWith('errno=0\n\n')).toBe(true)
    expect(server.device().peers.length).toBe(2)
  })
})
