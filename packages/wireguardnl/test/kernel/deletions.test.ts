import { afterEach, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { markChecked } from 'wireguardcfg/backend'
import { caught } from '../../../../test-fixtures/caught.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { allowedIPsOf, publicKeyOf } from '../../../../test-fixtures/sample.js'
import { NetlinkLinks } from '../../src/links/links.js'
import { Connection } from '../../src/netlink/connection.js'
import { NETLINK_GENERIC } from '../../src/netlink/constants.js'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { encodeGetDevice } from '../../src/wireguard/dump/read.js'
import { runningKernel } from '../../src/wireguard/kernel.js'
import { untilDeleting } from '../support/kernel-device.js'

// A dump of these takes four datagrams.
const PEERS = Array.from({ length: 20 }, (_, i) => ({
  publicKey: publicKeyOf(i + 1),
  allowedIPs: allowedIPsOf(i, 200),
}))

/** Begins a dump that the deletions of this library know nothing about, as of another program. */
async function holdDump(name: string): Promise<Connection> {
  const connection = new Connection(() => runningKernel.open(NETLINK_GENERIC))
  const family = await runningKernel.families.resolve(connection, 'wireguard')
  await connection.messages(family, encodeGetDevice(name), { idleTimeout: 0 }).next()
  return connection
}

describeWith(hasKernelWireGuard, 'deletions on a real kernel', () => {
  const made: string[] = []
  afterEach(async () => {
    for (const name of made.splice(0)) await runCommand(['ip', 'link', 'delete', name])
  })

  it('that wait for other programs leave threads for everything else, and are named', async () => {
    await using links = new NetlinkLinks()
    await using client = new NetlinkClient()
    for (const name of ['wgstuck0', 'wgstuck1', 'wgfree0', 'wgfree1']) {
      made.push(name)
      await links.createLink(name)
      await client.configureDevice(name, markChecked({ peers: PEERS }))
    }
    await using first = await holdDump('wgstuck0')
    await using second = await holdDump('wgstuck1')
    const stuck = ['wgstuck0', 'wgstuck1'].map((name) => {
      const controller = new AbortController()
      return {
        name,
        controller,
        error: caught(links.deleteLink(name, { signal: controller.signal })),
      }
    })
    for (const { name, controller, error } of stuck) {
      await untilDeleting(name)
      controller.abort()
      expect(await error).toMatchObject({ code: 'ABORT_ERR' })
    }
    const waiting = ['wgfree0', 'wgfree1', 'wgfree0', 'wgfree1'].map((name) =>
      caught(links.deleteLink(name, { idleTimeout: 500 })),
    )
    // Four more would have all threads of the pool: these would not end before the dumps do.
    expect(await readFile('/proc/self/comm', 'utf8')).not.toBe('')
    expect(await links.link('wgfree0')).toMatchObject({ kind: 'wireguard' })
    await client.configureDevice('wgfree0', { firewallMark: 5 })
    expect(await client.device('wgfree0')).toMatchObject({ firewallMark: 5 })
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({
        code: 'ETIMEDOUT',
        detail: expect.stringMatching(/"wgstuck0".*"wgstuck1"/),
      })
    }
    await second.close()
    await links.deleteLink('wgfree0')
    await links.deleteLink('wgfree1')
    await first.close()
  })

  it('all end well when there are many at once', async () => {
    await using links = new NetlinkLinks()
    const names = Array.from({ length: 30 }, (_, i) => `wgmany${i}`)
    made.push(...names)
    await Promise.all(names.map((name) => links.createLink(name, {}, { idleTimeout: 60_000 })))
    const outcomes = await Promise.allSettled(names.map((name) => links.deleteLink(name)))
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
    made.length = 0
  })
})
