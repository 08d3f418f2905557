import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caught } from '../../../test-fixtures/caught.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../test-fixtures/namespace.js'
import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { until } from '../../../test-fixtures/wait.js'
import { uniqueName } from '../../../test-fixtures/wireguard-go.js'
import { SecretKey, type UpOptions, WireGuard } from '../src/index.js'
import { examplesOf, ROOT } from './support/documents.js'
import { hasPing } from './support/example.js'
import { machineState } from './support/machine-state.js'
import { ping } from './support/tunnel.js'
import { PATIENTLY } from './support/tunnel-client.js'

/** An address on the internet of each family. */
const INTERNET = { 4: '203.0.113.1', 6: '2001:db8:ffff::1' }
const FORWARDING = ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']

function textOf(addresses: string): string {
  const key = SecretKey.generatePrivate().toBase64()
  return `[Interface]\nPrivateKey = ${key}\nAddress = ${addresses}\n`
}

describeWith([hasWireGuardGo, hasPing], 'a server', () => {
  let directory: TemporaryDirectory
  let internet: TestNamespace
  let server: TestNamespace
  let phone: TestNamespace
  let wg: WireGuard
  let name: string

  // The internet has no route to the addresses in the tunnel.
  beforeEach(async () => {
    directory = await temporaryDirectory()
    internet = await TestNamespace.create()
    server = await TestNamespace.create()
    phone = await TestNamespace.create()
    name = uniqueName()
    for (const [space, device, net] of [
      [server, 'eth0', 1],
      [phone, 'eth0', 2],
    ] as const) {
      await space.ip(
        'link set lo up',
        `link add ${device} type veth peer name to${net} netns ${internet.pid}`,
        `link set ${device} up`,
        `address add 192.0.${net}.2/24 dev ${device}`,
        `address add 2001:db8:${net}::2/64 dev ${device} nodad`,
      )
      await internet.ip(
        `link set to${net} up`,
        `address add 192.0.${net}.1/24 dev to${net}`,
        `address add 2001:db8:${net}::1/64 dev to${net} nodad`,
      )
      await space.ip(`route add default via 192.0.${net}.1`)
      await space.ip(`route add default via 2001:db8:${net}::1`)
    }
    await internet.ip(
      'link set lo up',
      `address add ${INTERNET[4]}/32 dev lo`,
      `address add ${INTERNET[6]}/128 dev lo nodad`,
    )
    for (const key of FORWARDING) await internet.run('sh', '-c', `echo 1 > /proc/sys/${key}`)
    wg = await WireGuard.open({ netns: server.pid })
  })
  afterEach(async () => {
    await wg.deleteDevice(name, { ifMissing: 'ignore', ...PATIENTLY })
    await wg.close()
    for (const space of [phone, server, internet]) await space[Symbol.asyncDispose]()
    await directory[Symbol.asyncDispose]()
  })

  const options = (more: UpOptions = {}): UpOptions => ({
    backend: 'userspace',
    stateDirectory: join(directory.path, 'state'),
    ...PATIENTLY,
    ...more,
  })
  const forwarding = async () =>
    (await server.run('cat', ...FORWARDING.map((key) => `/proc/sys/${key}`))).trim().split('\n')
  it('is made by the recipe, up to a phone whose traffic goes through it', async () => {
    const example = examplesOf('packages/wireguard/docs/recipes.md').find(({ code }) =>
      code.includes('masquerade'),
    )!
    const code = example.code
      .replaceAll('/etc/wireguard/vpn0', `${directory.path}/${name}`)
      .replaceAll('/etc/wireguard/', `${directory.path}/`)
      .replaceAll('vpn.example.com', '192.0.1.2')
      .replace(
        'masquerade: true',
        `masquerade: true, stateDirectory: '${options().stateDirectory}'`,
      )
    await symlink(join(ROOT, 'node_modules'), join(directory.path, 'node_modules'))
    const file = join(directory.path, 'recipe.mjs')
    await writeFile(file, code)
    expect(await server.run(process.execPath, file)).toBe('')
    const text = await readFile(join(directory.path, 'phone.conf'), 'utf8')
    await using far = await WireGuard.open({ netns: phone.pid })
    const own = uniqueName()
    await mkdir(join(directory.path, 'phone'), { mode: 0o700 })
    const stateDirectory = join(directory.path, 'phone')
    await using tunnel = await far.up(own, text, options({ stateDirectory, dns: 'off' }))
    expect(tunnel.families).toEqual([4, 6])
    for (const address of Object.values(INTERNET)) {
      await until(() => ping(phone, address), `${address} answers`, 20_000)
    }
    // Without the table, the internet does not know whom to answer.
    await server.run('nft', 'delete', 'table', 'ip', `wireguard-${name}`)
    expect(await ping(phone, INTERNET[4])).toBe(false)
    const { receiveBytes } = (await wg.device(name)).peers[0]!
    expect(receiveBytes).toBeGreaterThan(200)
    await wg.down(name, { stateDirectory: options().stateDirectory, ...PATIENTLY })
  }, 60_000)

  it('leaves nothing, and the last one brings the settings back', async () => {
    const before = await machineState(server)
    const other = uniqueName()
    const first = await wg.up(name, textOf('10.8.0.1/24'), options({ masquerade: true }))
    expect(await forwarding()).toEqual(['1', '0'])
    const text = textOf('10.9.0.1/24, fd00:9::1/64')
    const second = await wg.up(other, text, options({ masquerade: 'eth0' }))
    try {
      expect(await forwarding()).toEqual(['1', '1'])
      const rules = await server.run('nft', 'list', 'ruleset')
      expect(rules).toContain(`iifname "${name}" oifname != "${name}" masquerade`)
      expect(
        rules.match(new RegExp(`iifname "${other}" oifname "eth0" masquerade`, 'g')),
      ).toHaveLength(2)
      await first.down()
      expect(await forwarding()).toEqual(['1', '1'])
    } finally {
      await second.down()
    }
    expect(await forwarding()).toEqual(['0', '0'])
    expect(await machineState(server)).toEqual(before)
    // What was on stays on.
    await server.run('sh', '-c', `echo 1 > /proc/sys/${FORWARDING[0]}`)
    await (await wg.up(name, textOf('10.8.0.1/24'), options({ masquerade: true }))).down()
    expect(await forwarding()).toEqual(['1', '0'])
  }, 60_000)

  it('starts and ends with a reload, and is as before when a later step fails', async () => {
    const before = await machineState(server)
    const text = textOf('10.8.0.1/24, fd00:8::1/64')
    const failing = text.replace('Address', 'PostUp = exit 3\nAddress')
    const hooks = { hooks: 'run', masquerade: true } as const
    expect(await caught(wg.up(name, failing, options(hooks)))).toMatchObject({ code: 'ECANCELED' })
    expect(await machineState(server)).toEqual(before)
    expect(await forwarding()).toEqual(['0', '0'])
    const tunnel = await wg.up(name, text, options())
    const { stateDirectory, idleTimeout } = options()
    const reload = (masquerade?: boolean) =>
      wg.reload(name, text, { stateDirectory, idleTimeout, masquerade })
    expect((await reload(true)).steps.map(({ type }) => type)).toEqual([
      'set-sysctl',
      'set-sysctl',
      'set-masquerade',
    ])
    await server.run('nft', 'flush', 'ruleset')
    expect((await reload()).steps.map(({ type }) => type)).toEqual(['set-masquerade'])
    expect(await server.run('nft', 'list', 'ruleset')).toContain('masquerade')
    expect((await reload(false)).steps.map(({ type }) => type)).toEqual([
      'delete-masquerade',
      'set-sysctl',
      'set-sysctl',
    ])
    expect(await forwarding()).toEqual(['0', '0'])
    await tunnel.down()
    expect(await machineState(server)).toEqual(before)
  }, 60_000)

  it('keeps public IPv6 addresses, and the route that a router has announced', async () => {
    await server.ip('route del default via 2001:db8:1::1')
    await server.ip('route add default via 2001:db8:1::1 dev eth0 proto ra')
    await server.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra')
    const text = textOf('10.8.0.1/24, 2001:db8:8::1/64')
    const plan = String(await wg.plan(name, text, { masquerade: true }))
    const inOrder =
      'sysctl -w net.ipv4.ip_forward=1\n' +
      'sysctl -w net.ipv6.conf.eth0.accept_ra=2\n' +
      'sysctl -w net.ipv6.conf.all.forwarding=1\n' +
      'nft -f /dev/stdin\n' +
      `    table ip wireguard-${name} {\n`
    expect(plan).toContain(inOrder)
    expect(plan).not.toContain('ip6 wireguard')
    const tunnel = await wg.up(name, text, options({ masquerade: true }))
    const setting = () => server.run('cat', '/proc/sys/net/ipv6/conf/eth0/accept_ra')
    expect(await setting()).toBe('2\n')
    await tunnel.down()
    expect(await setting()).toBe('1\n')
  }, 60_000)

  it('warns of a chain that drops what is forwarded, and of an interface that is not there', async () => {
    const chain = '{ type filter hook forward priority 0; policy drop; }'
    await server.run('nft', 'add', 'table', 'ip', 'filter')
    await server.run('nft', 'add', 'chain', 'ip', 'filter', 'FORWARD', chain)
    const text = textOf('10.8.0.1/24')
    const { warnings } = await wg.plan(name, text, { masquerade: 'ppp0' })
    expect(warnings).toEqual([
      'there is no interface ppp0 yet, through which packets would leave',
      `the chain FORWARD of the table ip filter drops what it does not accept: it has to accept packets from and to ${name}`,
    ])
    const none = await wg.plan(name, textOf('10.8.0.1/24').replace(/Address.*\n/, ''), {
      masquerade: true,
    })
    expect(none.warnings).toEqual(['masquerade has no effect: the file has no Address'])
    for (const masquerade of ['no/name', '', 7]) {
      expect(await caught(wg.plan(name, text, { masquerade } as never))).toMatchObject({
        code: 'EINVAL',
        path: 'masquerade',
      })
    }
  })
})
