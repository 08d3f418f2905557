import { expect, it } from '@jest/globals'
import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { findPeer, type WatchEvent } from '../src/index.js'
import { hasPing } from './support/example.js'
import { openTunnel } from './support/tunnel.js'

describeWith([hasWireGuardGo, hasPing], 'a watch of wireguard-go with the defaults', () => {
  it('takes a silent peer for disconnected 195 seconds after its handshake', async () => {
    await using tunnel = await openTunnel('userspace')
    const { left, right, ping } = tunnel
    const watcher = left.wg.watch()
    expect(await ping()).toBe(true)
    const seen: WatchEvent[] = []
    while (seen.at(-1)?.type !== 'disconnected') seen.push((await watcher.next()).value!)
    // The first read may have come before the handshake or after it.
    expect(seen.map(({ type }) => type).slice(-2)).toEqual(['connected', 'disconnected'])
    const last = seen.at(-1)!
    expect(last).toMatchObject({ reason: 'age', publicKey: right.publicKey })
    const peer = findPeer(watcher.snapshot(left.name)!, right.publicKey)!
    const age = last.at.getTime() - peer.lastHandshake!.getTime()
    expect(age).toBeGreaterThan(195_000)
    // The next read, a second later, confirms it.
    expect(age).toBeLessThan(200_000)
  }, 260_000)
})
