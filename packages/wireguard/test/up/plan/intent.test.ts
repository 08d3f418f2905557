import { describe, expect, it } from '@jest/globals'
import { parseConf } from 'wireguardcfg/conf'
import { SecretKey } from '../../../src/index.js'
import { withAddresses } from '../../../src/resolve/config.js'
import { intentOf, type TableChoice } from '../../../src/up/plan/intent.js'
import { tunnelSettings } from '../../../src/up/settings.js'

/** What peers with these allowed IPs and endpoints ask for. */
function intent(
  peers: readonly (readonly [allowedIPs: string, endpoint?: string])[],
  { table = 'auto', withoutIPv6 = false }: { table?: TableChoice; withoutIPv6?: boolean } = {},
) {
  const sections = peers.map(([allowedIPs, endpoint]) => {
    const key = SecretKey.generatePrivate().publicKey()
    const at = endpoint === undefined ? '' : `Endpoint = ${endpoint}\n`
    return `[Peer]\nPublicKey = ${key}\n${at}AllowedIPs = ${allowedIPs}\n`
  })
  const text = `[Interface]\nAddress = 10.0.0.1/24, fd00::1/64\n${sections.join('')}`
  const settings = tunnelSettings(parseConf(text))
  return intentOf(settings, withAddresses(settings.config, new Map()), table, withoutIPv6)
}

describe('what a file asks for', () => {
  it('are routes, the longest first, each once', () => {
    const peers = [['10.0.0.0/8, 10.1.0.0/16, fd00::/32'], ['10.0.0.0/8, 10.9.9.9']] as const
    expect(intent(peers)).toMatchObject({
      networks: ['fd00::/32', '10.9.9.9/32', '10.1.0.0/16', '10.0.0.0/8'].toSorted(byLength),
      marked: [],
      full: [],
      looping: [],
    })
  })

  it('is the table of the tunnel for default routes', () => {
    expect(intent([['0.0.0.0/0, 10.0.0.0/8', '192.0.2.1:1']])).toMatchObject({
      networks: ['10.0.0.0/8'],
      marked: ['0.0.0.0/0'],
      full: [4],
    })
    expect(intent([['::/0', '192.0.2.1:1']])).toMatchObject({ marked: ['::/0'], full: [6] })
  })

  it('is that table for what would loop beside a default route', () => {
    const asked = intent([['0.0.0.0/0, 192.0.2.0/24, 10.0.0.0/8', '192.0.2.1:1']])
    expect(asked).toMatchObject({
      networks: ['10.0.0.0/8'],
      marked: ['192.0.2.0/24', '0.0.0.0/0'],
      looping: [],
    })
  })

  it.each([
    ['0.0.0.0/1, 128.0.0.0/1', '192.0.2.1:1', [4]],
    ['0.0.0.0/2, 64.0.0.0/2, 128.0.0.0/1', '192.0.2.1:1', [4]],
    ['::/1, 8000::/1', '[2001:db8::1]:1', [6]],
    ['0.0.0.0/1, 128.0.0.0/2', '192.0.2.1:1', []],
    ['0.0.0.0/1, 128.0.0.0/1', '[2001:db8::1]:1', []],
  ])('%s with the endpoint %s: default routes of %j', (allowedIPs, endpoint, full) => {
    expect(intent([[allowedIPs, endpoint]])).toMatchObject({ full })
  })

  it('are routes of their own for endpoints inside networks', () => {
    const peers = [['192.0.2.0/24'], ['10.0.0.0/8', '192.0.2.1:1'], ['fd00::/8', '[fd00::9]:1']]
    expect(intent(peers as never)).toMatchObject({ looping: ['192.0.2.1', 'fd00::9'], full: [] })
  })

  it('is nothing more than routes with a table of its own, and nothing with off', () => {
    const peers = [['0.0.0.0/0, 192.0.2.0/24', '192.0.2.1:1']] as const
    expect(intent(peers, { table: 7 })).toMatchObject({
      networks: ['192.0.2.0/24', '0.0.0.0/0'],
      full: [],
      looping: [],
    })
    expect(intent(peers, { table: 'off' })).toMatchObject({ networks: [], full: [] })
  })

  it('can go without IPv6', () => {
    expect(intent([['::/0, 10.0.0.0/8']], { withoutIPv6: true })).toMatchObject({
      addresses: ['10.0.0.1/24'],
      networks: ['10.0.0.0/8'],
      full: [],
    })
  })
})

function byLength(a: string, b: string): number {
  return Number(b.split('/')[1]) - Number(a.split('/')[1])
}
