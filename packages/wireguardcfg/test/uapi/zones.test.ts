import { describe, expect, it } from '@jest/globals'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { answering, listenRaw } from '../../../../test-fixtures/fakes/raw-server.js'
import type { PeerConfig } from '../../src/model/config.js'
import { UapiClient } from '../../src/uapi/client.js'
import { hasInterface } from '../../src/uapi/zones.js'
import { rejected } from '../model/faults.js'

const INTERFACES = new Set(['lo', 'wg0', 'eth0'])
const has = (name: string) => Promise.resolve(INTERFACES.has(name))
const peer = (zone: string, i = 0): PeerConfig => ({
  publicKey: publicKeyOf(i),
  endpoint: `[fe80::1%${zone}]:51820`,
})

describe('the zone of an endpoint', () => {
  it.each(['nope', 'eth0.1', '0', '4294967296', '-1', '1x', 'тун'])(
    'that no interface has is refused before anything is sent: %s',
    async (zone) => {
      await using server = await listenRaw(answering('errno=0\n\n'))
      const client = new UapiClient({ directory: server.directory, hasInterface: has })
      const peers = [peer('eth0'), peer(zone, 1)]
      const error = await rejected(client.configureDevice('wg0', { replacePeers: true, peers }))
      expect(error).toMatchObject({ code: 'EINVAL', device: 'wg0', path: 'peers[1].endpoint' })
      expect(error.message).toContain('no interface of this name')
      expect(error.applied).toBeUndefined()
      expect(server.requests).toEqual([])
    },
  )

  it.each(['eth0', 'lo', '1', '77', '4294967295'])('that may be is sent: %s', async (zone) => {
    await using server = await listenRaw(answering('errno=0\n\n'))
    const client = new UapiClient({ directory: server.directory, hasInterface: has })
    await client.configureDevice('wg0', { peers: [peer(zone)] })
    expect(server.requests[0]).toContain(`endpoint=[fe80::1%${zone}]:51820\n`)
  })

  it.each<[string, (name: string) => Promise<boolean | undefined>]>([
    ['nothing is known of the interfaces', () => Promise.resolve(undefined)],
    ['the daemon is in another namespace', (name) => Promise.resolve(name === 'lo')],
  ])('is left to the daemon when %s', async (_, hasOther) => {
    await using server = await listenRaw(answering('errno=-22\n\n'))
    const client = new UapiClient({ directory: server.directory, hasInterface: hasOther })
    const error = await rejected(client.configureDevice('wg0', { peers: [peer('nope')] }))
    expect(error).toMatchObject({ code: 'EINVAL', applied: 'unknown' })
  })

  it('of a peer that is removed does not count', async () => {
    await using server = await listenRaw(answering('errno=0\n\n'))
    const client = new UapiClient({ directory: server.directory, hasInterface: has })
    await client.configureDevice('wg0', { peers: [{ ...peer('nope'), remove: true }] })
    expect(server.requests).toHaveLength(1)
  })
})

describe('hasInterface', () => {
  it('finds the interfaces of this process, whether they have an address or not', async () => {
    expect(await hasInterface('lo')).toBe(process.platform === 'linux' ? true : undefined)
    expect(await hasInterface('nope')).toBe(process.platform === 'linux' ? false : undefined)
    expect(await hasInterface('\u{feff}lo')).not.toBe(true)
  })
})
