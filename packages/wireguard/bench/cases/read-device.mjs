import { deepStrictEqual } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { WireGuard } from 'wireguard'
import { sideBySide } from '../measure.mjs'
import { needsWg, needsWireGuardGo } from '../needs.mjs'
import { parseDump } from '../wg-dump.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const readDevice = [
  {
    name: 'read-wireguard-go',
    title:
      'reading a wireguard-go device of 10,000 peers through the facade, warm, against spawning `wg show NAME dump` and parsing it',
    aim: { by: 'ratio', atMost: 0.9, stretch: 0.75 },
    needs: [needsWireGuardGo, needsWg],
    run: async (fixtures) => {
      const name = await fixtures.largeDevice()
      const wg = await WireGuard.open()
      try {
        // Both must do the same work, or the ratio has no meaning.
        deepStrictEqual(comparable(await wg.device(name)), comparable(await wgShowDump(name)))
        const samples = await sideBySide(
          () => wg.device(name),
          () => wgShowDump(name),
          { rounds: 25 },
        )
        return { unit: 'ms', ...samples }
      } finally {
        await wg.close()
      }
    },
  },
]

const run = promisify(execFile)

/** @param {string} name */
async function wgShowDump(name) {
  const { stdout } = await run('wg', ['show', name, 'dump'], { maxBuffer: 1 << 30 })
  return parseDump(stdout)
}

/**
 * Returns the fields that both have, with secrets as text. Sorts the peers, because the daemon
 * changes their order with every request.
 */
function comparable({ privateKey, publicKey, listenPort, firewallMark, peers }) {
  return {
    privateKey: secretText(privateKey),
    publicKey,
    listenPort,
    firewallMark,
    peers: peers
      .map((peer) => ({
        ...peer,
        protocolVersion: undefined,
        presharedKey: secretText(peer.presharedKey),
        allowedIPs: peer.allowedIPs.toSorted(),
      }))
      .toSorted((a, b) => (a.publicKey < b.publicKey ? -1 : 1)),
  }
}

/** @param {import('wireguard').SecretKey | string | undefined} secret */
function secretText(secret) {
  return typeof secret === 'object' ? secret.toBase64() : secret
}
