import { describe, expect, it } from '@jest/globals'
import type { TracedRequest } from 'wireguardcfg'
import { confFromDevice, formatConf, parseConf, saveConf } from 'wireguardcfg/conf'
import { privateKeyOf, publicKeyOf, samplePeers } from '../../../../test-fixtures/sample.js'
import { listenTo } from '../../../../test-fixtures/traced.js'
import { WireGuard } from '../../src/index.js'
import type { Context } from './subject.js'

const PATIENTLY = { idleTimeout: 30_000 }
const WRITES: ReadonlySet<string> = new Set(['set', 'WG_CMD_SET_DEVICE'])

/** Files that the facade applies to a device of the backend. */
export function describeApplyConf(
  { traits, subject, read, configure }: Context,
  timeout: number,
): void {
  /** Applies a file, and returns the result with the number of messages that wrote something. */
  const apply = async (text: string) => {
    const { backend, device } = subject()
    expect(backend.kind).toBe(traits.kind)
    // It closes the backend that it is given.
    await using wg = await WireGuard.open({ backends: [await subject().open()] })
    using heard = listenTo<TracedRequest>('request')
    const result = await wg.applyConf(device, text, { ...PATIENTLY, resolve: false })
    return { result, writes: heard.ended.filter(({ request }) => WRITES.has(request)).length }
  }
  const fileOfDevice = async () => formatConf(confFromDevice(await read()))

  // What needs no key cannot work where one is needed.
  const itWithoutKey = traits.ownKey === undefined ? it : it.failing

  describe('applyConf', () => {
    itWithoutKey(
      'changes nothing when the file is that of the device, and a change of one peer is one message',
      async () => {
        const peers = samplePeers(traits.manyPeers)
        await configure({ privateKey: privateKeyOf(1), firewallMark: 7, peers })
        const before = await read()
        const text = formatConf(confFromDevice(before))

        const same = await apply(text)
        expect(same.writes).toBe(0)
        expect(same.result.unchanged).toHaveLength(peers.length)
        expect(linesOf(await fileOfDevice())).toEqual(linesOf(text))

        const key = publicKeyOf(5)
        const other = text.replace(`PublicKey = ${key}\n`, `$&AllowedIPs = 192.168.7.0/24\n`)
        const changed = await apply(other)
        expect(changed.writes).toBe(1)
        expect(changed.result).toMatchObject({ added: [], removed: [], updated: [key] })
        expect(
          (await read()).peers.find(({ publicKey }) => publicKey === key)?.allowedIPs,
        ).toContain('192.168.7.0/24')
      },
      timeout,
    )

    it('and saving the device give the same file, to the byte', async () => {
      const text = `# the office
[Interface]
Address = 10.0.0.1/24, fd00::1/64
PrivateKey = ${privateKeyOf(1).toBase64()}
PostUp = true # not a comment

[Peer] # anna
PublicKey = ${publicKeyOf(1)}
AllowedIPs = 10.0.0.9/24 # with host bits
AllowedIPs = fd00::2
Endpoint = 192.0.2.1:51820
PersistentKeepalive = 25

# friendly_name = bert
[Peer]
PublicKey = ${publicKeyOf(2)}
Endpoint = bert.example:51820`
      await apply(text)
      const conf = parseConf(text)
      expect(saveConf(conf, await read(), { addresses: ['fd00::1/64', '10.0.0.1/24'] })).toBe(false)
      expect(formatConf(conf)).toBe(text)
      // And back: nothing is left to apply.
      await configure({ peers: [{ publicKey: publicKeyOf(3), allowedIPs: ['10.3.0.0/16'] }] })
      expect(saveConf(conf, await read())).toBe(true)
      expect(formatConf(conf)).toBe(
        `${text}\n\n[Peer]\nPublicKey = ${publicKeyOf(3)}\nAllowedIPs = 10.3.0.0/16\n`,
      )
      expect((await apply(formatConf(conf))).writes).toBe(0)
    })

    itWithoutKey('keeps both peers of a file that names one of them twice', async () => {
      const [a, b] = [publicKeyOf(1), publicKeyOf(2)]
      await apply(
        [
          `[Peer]\nPublicKey = ${a}\nAllowedIPs = 10.0.0.1`,
          `[Peer]\nPublicKey = ${b}\nAllowedIPs = 10.0.0.2`,
          `[Peer]\nPublicKey = ${a}\nPersistentKeepalive = 5\nAllowedIPs = 10.0.0.3\n`,
        ].join('\n'),
      )
      const { peers } = await read()
      expect(new Map(peers.map((peer) => [peer.publicKey, peer.allowedIPs]))).toEqual(
        new Map([
          [a, ['10.0.0.3/32']],
          [b, ['10.0.0.2/32']],
        ]),
      )
    })

    it('changes nothing for a file with an error', async () => {
      await configure({ peers: samplePeers(2) })
      const before = await fileOfDevice()
      await expect(apply('[Interface]\nListenPort = x\n')).rejects.toMatchObject({ code: 'EINVAL' })
      expect(linesOf(await fileOfDevice())).toEqual(linesOf(before))
    })
  })
}

/** wireguard-go tells its peers in any order. */
function linesOf(text: string): string[] {
  return text.split('\n').toSorted()
}
