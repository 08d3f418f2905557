import { expect, it } from '@jest/globals'
import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import type { WatchEvent } from '../src/index.js'
import { hasPing } from './support/example.js'
import { openTunnel } from './support/tunnel.js'

describeWith([hasWireGuardGo, hasPing], 'a watch of wireguard-go with the defaults', () => {
  it('takes a silent peer for disconnected 195 seconds after its handshake', async () => {
    await using tunnel = await openTunnel('userspace')
    const { left, right, ping } = tunnel
    const watcher = left.wg.watch()
    expect(await ping()).toBe(true)
    const seen: WatchEvent[] = []
    for await (const event of watcher) {
      seen.push(event)
      if (event.type === 'disconnected') break
    }
    const types = seen.map(({ type }) => type)
    expect(types.slice(-3)).toEqual(['handshake', 'connected', 'disconnected'])
    const handshake = seen.find((event) => event.type === 'handshake')
    const last = seen.at(-1)!
    expect(last).toMatchObject({ reason: 'age', publicKey: right.publicKey })
    const age = last.at.getTime() - handshake!.handshakeAt.getTime()
    expect(age).toBeGreaterThan(195_000)
    // The next read, a second later, confirms it.
    expect(age).toBeLessThan(200_000)
  }, 260_000)
})
