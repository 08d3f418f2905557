import { describe, expect, it } from '@jest/globals'
import { checkConf, configFromConf, interfaceSettings, parseConf } from '../../src/conf.js'
import { thrown } from '../model/faults.js'
import { KEY_A, KEY_B } from './wg-cases.js'

const read = (text: string) => configFromConf(parseConf(text))

describe('configFromConf', () => {
  it('resets what is absent, and replaces the peers', () => {
    expect(read('')).toEqual({
      privateKey: null,
      listenPort: 0,
      firewallMark: 0,
      replacePeers: true,
      peers: [],
    })
  })

  it('has one peer for each public key, with what the last section says', () => {
    const { peers } = read(
      `[Peer]\nPublicKey=${KEY_A}\nAllowedIPs=10.0.0.1\nEndpoint=192.0.2.1:1\n` +
        `[Peer]\nPublicKey=${KEY_B}\nAllowedIPs=10.0.0.2\n` +
        `[Peer]\nPublicKey=${KEY_A}\nAllowedIPs=10.0.0.3\nEndpoint=vpn.example.com:2\n`,
    )
    expect(peers).toMatchObject([
      {
        publicKey: KEY_A,
        allowedIPs: ['10.0.0.3/32'],
        endpoint: { host: 'vpn.example.com', port: 2 },
      },
      { publicKey: KEY_B, allowedIPs: ['10.0.0.2/32'] },
    ])
  })

  it('refuses a file with an error', () => {
    expect(thrown(() => read('[Interface]\nListenPort = x\n')).code).toBe('EINVAL')
  })
})

describe('unknownKeys', () => {
  const text = '[Interface]\nJc = 4\nListenPort = 7\n[Other]\nAnything = 1\n'
  const options = { unknownKeys: 'ignore' } as const

  it('are errors by default', () => {
    expect(checkConf(text).map(({ severity, line }) => [severity, line])).toEqual([
      ['error', 2],
      ['error', 4],
    ])
  })

  it("are left out with 'ignore', and warned of", () => {
    expect(interfaceSettings(parseConf(text), options).listenPort).toBe(7)
    expect(checkConf(text, options).map(({ severity, line }) => [severity, line])).toEqual([
      ['warning', 2],
      ['warning', 4],
    ])
  })

  it.each(['[Interface]\nPublicKey = x\n', '[Interface]\nListenPort\n', '[Interface]\nMTU =\n1'])(
    'are no excuse for other faults: %j',
    (faulty) => {
      expect(checkConf(faulty, options)[0]?.severity).toBe(checkConf(faulty)[0]?.severity)
      expect(checkConf(faulty, options).some(({ severity }) => severity === 'error')).toBe(true)
    },
  )
})
