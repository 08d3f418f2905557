import { describe, expect, it } from '@jest/globals'
import { WireGuardError } from 'wireguardcfg'
import { mayHaveMade } from '../../src/create/errors.js'
import type { Host } from '../../src/host.js'

/** A host whose interface has this kind; undefined: there is none. */
const hostWith = (kind: string | undefined): Host =>
  ({
    network: { find: () => Promise.resolve(kind === undefined ? undefined : { kind }) },
  }) as unknown as Host
const lost = new WireGuardError('no reply', { code: 'ETIMEDOUT' })

describe('the error of a creation whose reply was lost', () => {
  it('says that the interface exists', async () => {
    const error = await mayHaveMade(lost, hostWith('wireguard'), 'wg0')
    expect(error).toMatchObject({ code: 'ETIMEDOUT', applied: 'unknown' })
    expect(error).toHaveProperty('hint', expect.stringContaining('exists now'))
  })

  it.each([
    ['there is no interface', lost, undefined],
    ['the interface is of another kind', lost, 'tun'],
    ['the kernel refused', new WireGuardError('no', { code: 'EPERM' }), 'wireguard'],
    ['another one exists', new WireGuardError('no', { code: 'EEXIST' }), 'wireguard'],
    ['the error is foreign', new Error('x'), 'wireguard'],
  ])('is left as it is when %s', async (_, error, kind) => {
    expect(await mayHaveMade(error, hostWith(kind), 'wg0')).toBe(error)
  })
})
