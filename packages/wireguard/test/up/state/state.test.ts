import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isWireGuardError } from '../../../src/index.js'
import { downHooks, formatState, parseState } from '../../../src/up/state/state.js'

const GOLDEN = fileURLToPath(
  new URL('../../../../../test-fixtures/tunnel-state/1.json', import.meta.url),
)
const text = readFileSync(GOLDEN, 'utf8')
const golden = JSON.parse(text) as Record<string, unknown>
const made = golden['made'] as readonly Record<string, unknown>[]

describe('the state of a tunnel', () => {
  it('that version 1 wrote can be read, whatever later releases write', () => {
    const state = parseState(text, 'wg0')
    expect(state).toEqual(golden)
    expect(parseState(formatState(state), 'wg0')).toEqual(state)
  })

  it('of a later version says so', () => {
    const later = JSON.stringify({ ...golden, version: 2 })
    expect(() => parseState(later, 'wg0')).toThrow('later release')
  })

  it('of another name, or that is no JSON, is refused', () => {
    expect(() => parseState(text, 'wg1')).toThrow('damaged')
    expect(() => parseState('', 'wg0')).toThrow('damaged')
    expect(() => parseState('null', 'wg0')).toThrow('damaged')
  })

  it.each(['wg0', 'tun.wg0'])('has the key that resolvconf knows it by: %s', (key) => {
    const changed = JSON.stringify({ ...golden, made: [{ type: 'resolvconf', key }] })
    expect(parseState(changed, 'wg0').made).toEqual([{ type: 'resolvconf', key }])
  })

  it.each(Object.keys(golden))('without a right %s is refused, and never misread', (field) => {
    for (const value of [undefined, null, 0, -1, 1.5, 2 ** 53, 'x', '', [], {}, [null], true]) {
      const changed = JSON.stringify({ ...golden, [field]: value })
      try {
        const state = parseState(changed, 'wg0')
        // What is absent may be: a file, commands, an interface.
        expect(JSON.parse(formatState(state))).toEqual(JSON.parse(changed))
      } catch (error) {
        expect(isWireGuardError(error) && error.code).toMatch(/^(?:EPROTO|EINVAL)$/)
      }
    }
  })

  it.each([
    ['a rule of the kernel', { type: 'rule', rule: { ...inner(4, 'rule'), priority: 32_766 } }],
    ['a rule at 0', { type: 'rule', rule: { ...inner(4, 'rule'), priority: 0 } }],
    ['a rule without a preference', { type: 'rule', rule: { family: 4, table: 1, protocol: 3 } }],
    [
      'a rule that neither inverts nor suppresses',
      { type: 'rule', rule: { family: 4, table: 254, priority: 9, protocol: 2 } },
    ],
    ['another file', { type: 'dns', path: '/etc/shadow' }],
    ['a file above', { type: 'dns', path: '/etc/netns/../resolv.conf' }],
    ['a local route', { type: 'route', route: { ...inner(0, 'route'), type: 'local' } }],
    ['another key of resolvconf', { type: 'resolvconf', key: 'eth0' }],
    ['an option of resolvconf', { type: 'resolvconf', key: '-d' }],
    ['an option before the name', { type: 'resolvconf', key: '-i.wg0' }],
    ['another sysctl', { type: 'valid-mark', before: '2' }],
    ['something else', { type: 'file', path: '/' }],
  ])('never undoes %s', (_, wrong) => {
    const changed = JSON.stringify({ ...golden, made: [wrong] })
    expect(() => parseState(changed, 'wg0')).toThrow('damaged')
  })

  it('has the commands for down only if they run and may hold no key', () => {
    const hooks = { preUp: [], postUp: ['x'], preDown: ['a'], postDown: ['b'] }
    expect(downHooks(hooks, true)).toEqual({ preDown: ['a'], postDown: ['b'] })
    expect(downHooks(hooks, false)).toBeUndefined()
    expect(downHooks({ ...hooks, preDown: [], postDown: [] }, true)).toBeUndefined()
    const key = 'wg set %i private-key <(echo yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=)'
    expect(downHooks({ ...hooks, postDown: [key] }, true)).toBe('file')
  })
})

function inner(index: number, field: string): object {
  return made[index]![field] as object
}
