import { afterAll, describe, expect, it } from '@jest/globals'
import { caught } from '../../../../test-fixtures/caught.js'
import { errorAck } from '../../../../test-fixtures/fakes/kernel.js'
import { EPERM, FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { describeWith } from '../../../../test-fixtures/require.js'
import { NetlinkRoutes } from '../../src/routes/routes.js'
import { describeRoutes } from '../support/describe-routes.js'
import { canMakeLinks } from '../support/requirements.js'

describeWith(canMakeLinks, 'natively', describeRoutes)

describe('what is refused before anything is sent', () => {
  const system = new FakeSystem()
  system.add('wg0')
  const routes = new NetlinkRoutes(system.kernel)
  afterAll(() => routes.close())
  const device = 'wg0'

  it.each<[string, object, string | undefined, RegExp]>([
    ['no route', undefined as never, undefined, /expected an object/],
    ['no destination', { device }, 'destination', /expected a string/],
    ['a name', { device, destination: 'default' }, 'destination', /as 10\.0\.0\.0\/8/],
    ['a length of 33', { device, destination: '10.0.0.0/33' }, 'destination', /0 to 32/],
    ['host bits', { device, destination: '10.0.0.1/8' }, 'destination', /expected 10\.0\.0\.0\/8/],
    ['IPv6 host bits', { device, destination: 'fd00::1/9' }, 'destination', /expected fd00::\/9/],
    ['no interface', { destination: '10.0.0.0/8' }, 'device', /interface, the gateway/],
    [
      'a gateway of the other family',
      { destination: '10.0.0.0/8', gateway: 'fd00::1' },
      'gateway',
      /address family/,
    ],
    ['table 0', { device, destination: '10.0.0.0/8', table: 0 }, undefined, /table 0/],
    ['a type', { device, destination: '10.0.0.0/8', type: 'none' }, 'type', /expected/],
    ['another name', { device, destination: '10.0.0.0/8', dev: 'wg0' }, 'dev', /unknown option/],
    ['a metric', { device, destination: '10.0.0.0/8', metric: 2 ** 32 }, undefined, /metric/],
  ])('a route with %s', async (_, route, path, message) => {
    const error = await caught(routes.addRoute(route as never))
    expect(error).toMatchObject({ code: 'EINVAL', operation: 'add route', path })
    expect(error.message).toMatch(message)
    expect(await caught(routes.replaceRoute(route as never))).toMatchObject({
      code: 'EINVAL',
      operation: 'replace route',
      path,
    })
  })

  it.each<[string, object, RegExp]>([
    ['no family', { table: 77 }, /expected 4 or 6/],
    ['family 5', { family: 5, table: 77 }, /expected/],
    ['no table', { family: 4 }, /table/],
    ['a length of 33', { family: 4, table: 77, suppressPrefixLength: 33 }, /prefix length/],
    ['a protocol of 256', { family: 4, table: 77, protocol: 256 }, /0 to 255/],
  ])('a rule with %s', async (_, rule, message) => {
    const error = await caught(routes.addRule(rule as never))
    expect(error).toMatchObject({ code: 'EINVAL', operation: 'add rule' })
    expect(error.message).toMatch(message)
  })

  it('a lookup without an address, a filter that is none', async () => {
    expect(await caught(routes.lookUp({} as never))).toMatchObject({ path: 'address' })
    expect(await caught(routes.routes({ table: 0 }))).toMatchObject({ code: 'EINVAL' })
    expect(await caught(routes.rules({ family: 5 } as never))).toMatchObject({ path: 'family' })
    expect(system.sockets).toEqual([])
  })
})

describe('routes and rules', () => {
  it('tell what is not permitted', async () => {
    const system = new FakeSystem({ answer: (request) => [errorAck(request, EPERM)] })
    await using routes = new NetlinkRoutes(system.kernel)
    for (const call of [
      routes.addRoute({ destination: '10.0.0.0/8', type: 'unreachable' }),
      routes.addRule({ family: 4, table: 77 }),
      routes.deleteRule({ family: 4, table: 77 }),
    ]) {
      expect(await caught(call)).toMatchObject({
        code: 'EPERM',
        hint: expect.stringContaining('CAP_NET_ADMIN'),
      })
    }
  })

  it('end with the signal, and when they are closed', async () => {
    const routes = new NetlinkRoutes(new FakeSystem().kernel)
    const signal = AbortSignal.abort()
    expect(await caught(routes.routes({}, { signal }))).toMatchObject({ code: 'ABORT_ERR' })
    expect(await caught(routes.rules({}, { signal }))).toMatchObject({ code: 'ABORT_ERR' })
    await routes.close()
    await routes.close()
    expect(await caught(routes.rules())).toMatchObject({ code: 'EBADF' })
  })
})
