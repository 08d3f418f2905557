import { expect, it } from '@jest/globals'
import { findPeer } from '../../src/index.js'
import { openTunnel } from './tunnel.js'

/** What needs a session: two interfaces that have completed a handshake. */
export function describeTunnel(backend: 'kernel' | 'userspace'): void {
  it('suspends a peer without ending its session, and resumes it', async () => {
    await using tunnel = await openTunnel(backend)
    const { left, right, ping } = tunnel
    expect(await ping()).toBe(true)
    const peer = async () => findPeer(await left.wg.device(left.name), right.publicKey)!
    const { lastHandshake } = await peer()

    const suspended = await left.wg.suspendPeer(left.name, right.publicKey)
    expect(suspended).toEqual({ publicKey: right.publicKey, allowedIPs: [`${right.ip}/32`] })
    expect(await ping()).toBe(false)
    expect(await peer()).toMatchObject({ allowedIPs: [], lastHandshake })
    // Suspended twice: there is nothing left to return.
    expect(await left.wg.suspendPeer(left.name, right.publicKey)).toMatchObject({ allowedIPs: [] })

    await left.wg.resumePeer(left.name, structuredClone(suspended))
    expect(await ping()).toBe(true)
    expect(await peer()).toMatchObject({ allowedIPs: [`${right.ip}/32`], lastHandshake })
  }, 60_000)
}
