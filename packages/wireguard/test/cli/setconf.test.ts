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

  it.each([
    ['syncconf', file(7), 'Unable to retrieve current interface configuration: No such device\n'],
    ['syncconf', '[Interface]\n', 'Unable to modify interface: No such device\n'],
    ['setconf', file(7), 'Unable to modify interface: No such device\n'],
  ])('%s of an interface that does not exist', async (command, input, stderr) => {
    const options = { input, lookup: () => Promise.resolve('192.0.2.7') }
    const result = await wg.run([command, 'wg7', '/dev/stdin'], options)
    expect(result).toStrictEqual({ stdout: '', stderr, code: 1 })
  })

  it.each(['setconf', 'addconf', 'syncconf'])(
    '%s blames the name of the interface, not the file',
    async (command) => {
      const argv = [command, '1234567890123456', '/dev/stdin']
      await expect(wg.run(argv, { input: '[Interface]\nFwMark = 1\n' })).resolves.toStrictEqual({
        stdout: '',
        stderr: 'interface name "1234567890123456": expected at most 15 bytes, got 16\n',
        code: 1,
      })
    },
  )

  it('read the number of retries only for an endpoint, as wg', async () => {
    const env = { WG_ENDPOINT_RESOLUTION_RETRIES: 'x' }
    const without = { input: '[Interface]\nListenPort = 7\n', env }
    await expect(wg.run(['setconf', 'wg0', '/dev/stdin'], without)).resolves.toMatchObject({
      code: 0,
    })
    const literal = `[Peer]\nPublicKey = ${KEY}\nEndpoint = 192.0.2.7:7\n`
    for (const input of [literal, file(7)]) {
      const result = await wg.run(['setconf', 'wg0', '/dev/stdin'], { input, env })
      expect(result).toStrictEqual({
        stdout: '',
        stderr: "Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: `x'\n",
        code: 1,
      })
    }
    await expect(wg.device()).resolves.toMatchObject({ listenPort: 7 })
  })

  it.each(['addconf', 'syncconf'])(
    '%s takes an allowed IP from its peer when it is added and removed again, as wg',
    async (command) => {
      const other = { publicKey: publicKeyOf(2), allowedIPs: ['10.0.1.0/24', '10.0.2.0/24'] }
      await wg.client.configureDevice('wg0', { peers: [other] })
      const input = `[Peer]\nPublicKey = ${publicKeyOf(2)}\nAllowedIPs = 10.0.1.0/24, 10.0.2.0/24
        [Peer]\nPublicKey = ${KEY}\nAllowedIPs = +10.0.1.0/24, +10.0.3.0/24, -10.0.1.0/24\n`
      await expect(wg.run([command, 'wg0', '/dev/stdin'], { input })).resolves.toMatchObject({
        code: 0,
      })
      const { peers: after } = await wg.device()
      expect(after.map(({ publicKey, allowedIPs }) => [publicKey, allowedIPs])).toStrictEqual([
        [publicKeyOf(2), ['10.0.2.0/24']],
        [KEY, ['10.0.3.0/24']],
      ])
    },
  )

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
