import { describe, expect, it } from '@jest/globals'
import { presharedKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'
import { commandFixture } from './fixture.js'

const wg = commandFixture()
const KEY = publicKeyOf(1)
const peers = async () => (await wg.device()).peers
const fail = (code: string) => Promise.reject(Object.assign(new Error(code), { code }))
const file = (port: number) =>
  `[Interface]\nListenPort = ${port}\n[Peer]\nPublicKey = ${KEY}\nEndpoint = vpn.example:${port}\n`

describe('setconf, addconf and syncconf', () => {
  it.each(['setconf', 'addconf', 'syncconf'])('%s looks names up', async (command) => {
    const options = { input: file(7), lookup: () => Promise.resolve('2001:db8::7') }
    await expect(wg.run([command, 'wg0', '/dev/stdin'], options)).resolves.toMatchObject({
      code: 0,
    })
    expect((await peers())[0]?.endpoint).toStrictEqual({ host: '2001:db8::7', port: 7 })
  })

  it('change nothing when one name has no address', async () => {
    await expect(
      wg.run(['setconf', 'wg0', '/dev/stdin'], { input: file(7), lookup: () => fail('ENOTFOUND') }),
    ).resolves.toStrictEqual({
      stdout: '',
      stderr: "Name or service not known: `vpn.example:7'\nConfiguration parsing error\n",
      code: 1,
    })
    await expect(peers()).resolves.toStrictEqual([])
  })

  it('syncconf clears the fields of a peer that the file lacks, and keeps its endpoint', async () => {
    await wg.client.configureDevice('wg0', {
      listenPort: 9,
      firewallMark: 9,
      peers: [
        {
          publicKey: KEY,
          persistentKeepalive: 9,
          presharedKey: presharedKeyOf(1),
          endpoint: '192.0.2.9:9',
        },
        { publicKey: publicKeyOf(2) },
      ],
    })
    const input = `[Interface]\nListenPort = 9\n[Peer]\nPublicKey = ${KEY}\nAllowedIPs = 10.0.0.0/8\n`
    await wg.run(['syncconf', 'wg0', '/dev/stdin'], { input })
    await expect(wg.device()).resolves.toMatchObject({
      listenPort: 9,
      firewallMark: 0,
      peers: [
        {
          publicKey: KEY,
          persistentKeepalive: 0,
          presharedKey: undefined,
          endpoint: { host: '192.0.2.9', port: 9 },
          allowedIPs: ['10.0.0.0/8'],
        },
      ],
    })
  })
})
