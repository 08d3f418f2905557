import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { until } from '../../../../test-fixtures/wait.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { type Peer, WireGuard } from '../../src/index.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'

const DEVICE = 'wgstreamed'
// Three datagrams of 32 KiB and more.
const PEERS = Array.from({ length: 250 }, (_, i) => ({
  publicKey: publicKeyOf(i + 1),
  endpoint: `198.51.100.${i}:7`,
  allowedIPs: [`10.7.0.${i}/32`, `fd00:7::${i + 1}/128`, ...more(i)],
}))

describeWith(hasKernelWireGuard, 'the peers of an interface of a real kernel', () => {
  let wg: WireGuard

  beforeEach(async () => {
    wg = await WireGuard.open({ backends: ['kernel'] })
    await runCommand(['ip', 'link', 'add', DEVICE, 'type', 'wireguard'])
    await wg.configureDevice(DEVICE, { peers: PEERS })
  })
  afterEach(async () => {
    await wg.close()
    await runCommand(['ip', 'link', 'delete', DEVICE])
  })

  it('are the same as in a read, in its order', async () => {
    const read: Peer[] = []
    for await (const peer of wg.peers(DEVICE)) read.push(peer)
    expect(read).toHaveLength(PEERS.length)
    expect(read).toEqual((await wg.device(DEVICE)).peers)
  })

  it('come from a socket that is closed when the consumer pauses too long', async () => {
    const before = netlinkSockets()
    const stream = wg.peers(DEVICE, { idleTimeout: 500 })
    await stream.next()
    expect(netlinkSockets()).toBe(before + 1)
    // The next peer is requested only after the interface is deleted, which the kernel does when no
    // dump of it is open.
    const deletion = deleteInBackground()
    expect(await ended(deletion)).toBe(0)
    expect(netlinkSockets()).toBe(before)
    await expect(rest(stream)).rejects.toMatchObject({ code: 'ETIMEDOUT', device: DEVICE })
  })

  it('delay no deletion by this process, however long the consumer pauses', async () => {
    const stream = wg.peers(DEVICE, { idleTimeout: 0 })
    await stream.next()
    await wg.deleteDevice(DEVICE)
    await expect(wg.device(DEVICE)).rejects.toMatchObject({ code: 'ENODEV' })
    await expect(rest(stream)).rejects.toMatchObject({ code: 'ENODEV', device: DEVICE })
  })

  it('delay no deletion once their consumer has stopped', async () => {
    const before = netlinkSockets()
    for await (const peer of wg.peers(DEVICE, { idleTimeout: 0 })) {
      expect(peer.publicKey).toBe(PEERS[0]!.publicKey)
      break
    }
    expect(netlinkSockets()).toBe(before)
    expect(await ended(deleteInBackground())).toBe(0)
  })
})

/** So many that the peers do not fit into the datagrams that the kernel fills ahead. */
function more(i: number): string[] {
  return Array.from({ length: 20 }, (_, j) => `10.8.${i}.${j}/32`)
}

async function rest(stream: AsyncIterable<Peer>): Promise<number> {
  let count = 0
  for await (const { allowedIPs } of stream) count += allowedIPs.length > 0 ? 1 : 0
  return count
}

/** By another process: this one would wait in the kernel. */
function deleteInBackground(): ChildProcess {
  return spawn('ip', ['link', 'delete', DEVICE], { stdio: 'ignore' })
}

async function ended(child: ChildProcess): Promise<number | null> {
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  await until(hasEnded, 'the interface is deleted', 60_000)
  return child.exitCode
}

/** How many sockets this process has that are not of node:net. */
function netlinkSockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith('socket:')).length
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // The one that read the directory.
    return ''
  }
}
