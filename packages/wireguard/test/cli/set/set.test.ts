import { describe, expect, it } from '@jest/globals'
import { privateKeyOf, publicKeyOf } from '../../../../../test-fixtures/sample.js'
import { commandFixture } from '../fixture.js'

const wg = commandFixture()
const KEY = publicKeyOf(1)
const SECRET = privateKeyOf(1).toBase64()
const sorted = async () => (await wg.device()).peers[0]?.allowedIPs.toSorted()
const lookup = (host: string) =>
  host === 'good.example'
    ? Promise.resolve('192.0.2.1')
    : Promise.reject(Object.assign(new Error(host), { code: 'EAI_AGAIN' }))
const setEndpoint = (host: string, retries: string) =>
  wg.run(['set', 'wg0', 'peer', KEY, 'endpoint', `${host}:51820`], {
    lookup,
    env: { WG_ENDPOINT_RESOLUTION_RETRIES: retries },
  })

describe('set', () => {
  it('adds allowed IPs with +, removes them with -, and replaces them without a sign', async () => {
    await wg.line(`set wg0 peer ${KEY} allowed-ips 10.0.0.0/8,10.1.0.0/16`)
    await wg.line(`set wg0 peer ${KEY} allowed-ips -10.0.0.0/8,+fd00::/64`)
    await expect(sorted()).resolves.toStrictEqual(['10.1.0.0/16', 'fd00::/64'])
    await wg.line(`set wg0 peer ${KEY} allowed-ips +10.2.0.0/16 allowed-ips 10.3.0.0/16`)
    await expect(sorted()).resolves.toStrictEqual(['10.2.0.0/16', '10.3.0.0/16'])
  })

  it.each([
    ['added and then removed: no peer has it', '+10.9.0.0/16,-10.9.0.0/16', [], []],
    ['in two lists', '+10.9.0.0/16 allowed-ips -10.9.0.0/16', [], []],
    ['removed and then added: this peer has it', '-10.9.0.0/16,+10.9.0.0/16', ['10.9.0.0/16'], []],
    ['added, removed, added', '+10.9.0.0/16,-10.9.0.0/16,+10.9.0.0/16', ['10.9.0.0/16'], []],
    ['only removed: the other peer keeps it', '-10.9.0.0/16', [], ['10.9.0.0/16']],
  ])('takes the changes of an allowed IP in their order: %s', async (_, list, ours, others) => {
    const other = publicKeyOf(2)
    await wg.line(
      `set wg0 peer ${KEY} allowed-ips -10.9.0.0/16 peer ${other} allowed-ips 10.9.0.0/16`,
    )
    await wg.line(`set wg0 peer ${KEY} allowed-ips ${list}`)
    const { peers } = await wg.device()
    const of = (key: string) =>
      peers
        .find(({ publicKey }) => publicKey === key)
        ?.allowedIPs.filter((allowedIP) => allowedIP === '10.9.0.0/16')
    expect([of(KEY), of(other)]).toStrictEqual([ours, others])
  })

  it('reads a key from standard input', async () => {
    const options = { input: `${SECRET}\n` }
    await expect(
      wg.run(['set', 'wg0', 'private-key', '/dev/stdin'], options),
    ).resolves.toMatchObject({
      code: 0,
    })
    const { privateKey } = await wg.device()
    expect(privateKey?.toBase64()).toBe(SECRET)
  })

  it('keeps the zone of an endpoint', async () => {
    await wg.line(`set wg0 peer ${KEY} endpoint [fe80::1%lo]:5`)
    expect((await wg.device()).peers[0]?.endpoint).toMatchObject({ port: 5 })
  })

  it.each([
    [
      'a key with another character after it',
      `${SECRET}x`,
      "Found trailing character in key file: `x'\n",
    ],
    ['a key that is too short', SECRET.slice(1), 'Invalid length key in key file\n'],
    ['something else', 'x'.repeat(44), "Key is not the correct length or format: `(hidden)'\n"],
    [
      'a hexadecimal key',
      privateKeyOf(1).toHex(),
      "Found trailing character in key file: `(hidden)'\n",
    ],
  ])('prints no part of a secret: %s', async (_, input, expected) => {
    const { stderr, code } = await wg.run(['set', 'wg0', 'private-key', '/dev/stdin'], { input })
    expect(stderr).toBe(expected)
    expect(code).toBe(1)
  })

  // What 1.0.20260223 does with the entries, in the order in which it sends them.
  it.each([
    ['+10.0.1.0/24,-10.0.1.0/24', [], ['10.0.2.0/24']],
    ['-10.0.1.0/24,+10.0.1.0/24', ['10.0.1.0/24'], ['10.0.2.0/24']],
    ['+10.0.1.0/24,-10.0.1.0/24,+10.0.1.0/24', ['10.0.1.0/24'], ['10.0.2.0/24']],
    ['10.0.1.0/24,-10.0.1.0/24,10.0.3.0/24', ['10.0.3.0/24'], ['10.0.2.0/24']],
    ['-10.0.1.0/24', [], ['10.0.1.0/24', '10.0.2.0/24']],
  ])('applies the allowed IPs %s in their order', async (list, own, others) => {
    const peers = [{ publicKey: publicKeyOf(2), allowedIPs: ['10.0.1.0/24', '10.0.2.0/24'] }]
    await wg.client.configureDevice('wg0', { peers })
    const result = await wg.run(['set', 'wg0', 'peer', KEY, 'allowed-ips', list])
    expect(result).toStrictEqual({ stdout: '', stderr: '', code: 0 })
    const { peers: after } = await wg.device()
    expect(after.map(({ allowedIPs }) => allowedIPs)).toStrictEqual([others, own])
  })

  it('applies several lists in their order, the last of which replaces', async () => {
    const peers = [{ publicKey: publicKeyOf(2), allowedIPs: ['10.0.1.0/24', '10.0.2.0/24'] }]
    await wg.client.configureDevice('wg0', { peers })
    const lists = ['allowed-ips', '+10.0.1.0/24', 'allowed-ips', '-10.0.1.0/24']
    await wg.run(['set', 'wg0', 'peer', KEY, ...lists, 'allowed-ips', '10.0.4.0/24'])
    const { peers: after } = await wg.device()
    expect(after.map(({ allowedIPs }) => allowedIPs)).toStrictEqual([
      ['10.0.2.0/24'],
      ['10.0.4.0/24'],
    ])
  })

  it('looks a name up and stops after the given number of retries', async () => {
    await expect(setEndpoint('good.example', '0')).resolves.toMatchObject({ code: 0, stderr: '' })
    expect((await wg.device()).peers[0]?.endpoint).toStrictEqual({ host: '192.0.2.1', port: 51820 })
    await expect(setEndpoint('bad.example', '1')).resolves.toStrictEqual({
      stdout: '',
      stderr:
        "Temporary failure in name resolution: `bad.example:51820'. Trying again in 1.00 seconds...\n" +
        "Temporary failure in name resolution: `bad.example:51820'\n",
      code: 1,
    })
  })

  it.each(['x', '-1', '3x', '2147483648', '18446744073709551616', ' ', '- 1'])(
    'refuses %j as a number of retries, and only for an endpoint',
    async (retries) => {
      const env = { WG_ENDPOINT_RESOLUTION_RETRIES: retries }
      const args = ['peer', KEY, 'endpoint', '192.0.2.1:5']
      await expect(wg.run(['set', 'wg0', 'fwmark', '1'], { env })).resolves.toMatchObject({
        code: 0,
      })
      await expect(wg.run(['set', 'wg0', ...args], { env })).resolves.toStrictEqual({
        stdout: '',
        stderr: `Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: \`${retries}'\n`,
        code: 1,
      })
    },
  )
})
