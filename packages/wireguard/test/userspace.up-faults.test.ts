// What goes wrong when a tunnel comes up, or what is unusual about the machine. Nothing may be left
// of a failure.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, chown, link, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { caught } from '../../../test-fixtures/caught.js'
import { describeWith, hasWg, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { until } from '../../../test-fixtures/wait.js'
import { uniqueName } from '../../../test-fixtures/wireguard-go.js'
import type { UpOptions } from '../src/index.js'
import { machineState } from './support/machine-state.js'
import { KEY, PATIENTLY, TunnelClient, tunnelText } from './support/tunnel-client.js'

describeWith([hasWireGuardGo, hasWg], 'a tunnel', () => {
  let client: TunnelClient
  beforeEach(async () => {
    client = await TunnelClient.create()
  })
  afterEach(async () => {
    await client[Symbol.asyncDispose]()
  })

  const up = (text: string, options?: UpOptions) =>
    client.wg.up(client.name, text, client.options(options))
  const down = (more: object = {}) =>
    client.wg.down(client.name, { stateDirectory: client.stateDirectory, ...PATIENTLY, ...more })
  const baseline = () => machineState(client.space)
  const state = () => {
    const files = readdirSync(client.stateDirectory, { recursive: true }).map(String)
    const file = files.find((path) => path.endsWith('.json'))
    return file === undefined ? undefined : join(client.stateDirectory, file)
  }

  const log = () => join(client.directory.path, 'log')
  const confFile = async (name: string, mode = 0o600, text = tunnelText('10.9.0.0/16')) => {
    const path = join(client.directory.path, name)
    await writeFile(path, text)
    await chmod(path, mode)
    return path
  }
  const upFile = (path: string, options?: UpOptions) =>
    client.wg.upFile(path, client.options(options))
  const dnsFolder = () => `/etc/netns/${client.name}`

  const logged = () => (existsSync(log()) ? readFileSync(log(), 'utf8') : '')
  const write = (text: string) => `echo ${text} >> ${log()}`
  const dnsFile = () => `${dnsFolder()}/resolv.conf`

  /** Expects a failure that leaves nothing. Returns its error. */
  const failing = async (text: string, options?: UpOptions) => {
    const before = await baseline()
    const error = await caught(up(text, options))
    expect(await baseline()).toEqual(before)
    expect(existsSync(client.stateDirectory) && state()).toBeFalsy()
    expect(error).toMatchObject({ operation: 'bring up tunnel', device: client.name })
    return error
  }

  describe('with commands', () => {
    it('is refused, or comes up without them, or runs them in order', async () => {
      const text = tunnelText('10.9.0.0/16', [
        `PreUp = ${write('preup %i')}`,
        `PostUp = ${write('first')}; ${write('second $WG_INTERFACE')}`,
        `PostUp = ${write(`'third # no comment'`)}`,
        `PreDown = ${write('predown')}`,
        `PostDown = ${write('postdown')}`,
      ])
      expect(await failing(text)).toMatchObject({ code: 'EPERM', path: 'hooks' })
      await (await up(text, { hooks: 'skip' })).down()
      expect(logged()).toBe('')
      const tunnel = await up(text, { hooks: 'run' })
      const { name } = client
      expect(logged()).toBe(`preup ${name}\nfirst\nsecond ${name}\nthird # no comment\n`)
      await tunnel.down()
      expect(logged().split('\n').slice(4)).toEqual(['predown', 'postdown', ''])
    }, 60_000)

    it('gives them a clean environment, and no descriptors', async () => {
      const text = tunnelText('10.9.0.0/16', [
        `PostUp = env > ${log()}; ls /proc/self/fd >> ${log()}`,
      ])
      process.env['SECRET_OF_THE_CALLER'] = 'x'
      const tunnel = await up(text, { hooks: 'run' })
      await tunnel.down()
      delete process.env['SECRET_OF_THE_CALLER']
      const lines = logged().trim().split('\n')
      const names = lines.filter((line) => line.includes('=')).map((line) => line.split('=')[0])
      const all = ['LC_ALL', 'PATH', 'PWD', 'SHLVL', 'WG_INTERFACE', '_']
      expect(new Set(names)).toEqual(new Set(all))
      // Those of a program, that of its output and of the folder that it lists.
      expect(lines.filter((line) => /^\d+$/.test(line))).toHaveLength(4)
    }, 60_000)

    it.each(['PreUp', 'PostUp'])(
      'is undone when %s fails, and says what it wrote',
      async (key) => {
        const text = tunnelText('0.0.0.0/0', [`${key} = echo no such thing >&2; false; echo on`])
        expect(await failing(text, { hooks: 'run' })).toMatchObject({
          code: 'ECANCELED',
          message: expect.stringContaining(`could not run ${key}`),
          detail: 'no such thing',
        })
      },
      60_000,
    )

    it('hides the keys of a command that fails', async () => {
      const text = tunnelText('10.9.0.0/16', [`PostUp = echo ${KEY} >&2; false`])
      const error = await failing(text, { hooks: 'run' })
      expect(JSON.stringify(error) + String(error)).not.toContain(KEY)
    }, 60_000)

    it('kills one that hangs, with what it has started', async () => {
      const file = join(client.directory.path, 'pid')
      const text = tunnelText('10.9.0.0/16', [
        `PostUp = sleep 1000 & echo $! > ${file}; trap '' TERM; wait`,
      ])
      const error = await failing(text, { hooks: 'run', hookTimeout: 500 })
      expect(error).toMatchObject({ code: 'ETIMEDOUT' })
      const pid = (await readFile(file, 'utf8')).trim()
      await until(() => !existsSync(`/proc/${pid}`) || isZombie(pid), 'the sleep has ended')
    }, 60_000)

    it('leaves alone what goes on in the background, and writes', async () => {
      const later = `(sleep 0.3; echo late >&2; echo late; ${write('alive')}) &`
      const tunnel = await up(tunnelText('10.9.0.0/16', [`PostUp = ${later}`]), { hooks: 'run' })
      await until(() => logged() !== '', 'it has written')
      expect(logged()).toBe('alive\n')
      await tunnel.down()
    }, 60_000)

    it('stays up when PreDown fails, and is gone when PostDown fails', async () => {
      const before = await baseline()
      const text = tunnelText('0.0.0.0/0', [`PreDown = exit 9`, `PostDown = exit 7`])
      await up(text, { hooks: 'run' })
      expect(await caught(down())).toMatchObject({
        code: 'ECANCELED',
        message: expect.stringContaining('exit status 9'),
      })
      expect(await client.space.run('ip', 'rule')).toContain('lookup 51820')
      expect(await down({ hooks: 'skip' })).toMatchObject({ existed: true })
      await up(text.replace('PreDown = exit 9\n', ''), { hooks: 'run' })
      expect(await caught(down())).toMatchObject({
        message: expect.stringContaining('exit status 7'),
      })
      expect(await baseline()).toEqual(before)
      expect(await down()).toEqual({ existed: false, warnings: [] })
    }, 60_000)

    it('keeps commands that may hold keys out of the state', async () => {
      const path = join(client.directory.path, `${client.name}.conf`)
      const text = tunnelText('10.9.0.0/16', [`PostDown = ${write(KEY)}`])
      await writeFile(path, text, { mode: 0o600 })
      await client.wg.upFile(path, client.options({ hooks: 'run' }))
      expect(await readFile(state()!, 'utf8')).not.toContain(KEY)
      await down()
      expect(logged()).toBe(`${KEY}\n`)
    }, 60_000)

    it('may bring up another one', async () => {
      // The lock of the namespace is not held meanwhile: wg-quick(8) has none, and files do this.
      const before = await baseline()
      const other = uniqueName()
      const done = client.wg.up(
        client.name,
        tunnelText('10.9.0.0/16', [`PostUp = sleep 1`]),
        client.options({ hooks: 'run' }),
      )
      const second = await client.wg.up(other, tunnelText('10.10.0.0/16'), client.options())
      await second.down()
      await (await done).down()
      expect(await baseline()).toEqual(before)
    }, 60_000)
  })

  describe('from a file', () => {
    const hooked = tunnelText('10.9.0.0/16', ['PostUp = true'])

    it('has the name of the file, also of a link', async () => {
      const path = await confFile('other.conf')
      const linked = join(client.directory.path, `${client.name}.conf`)
      await symlink(path, linked)
      const tunnel = await upFile(linked)
      expect(tunnel.name).toBe(client.name)
      await tunnel.down()
    }, 60_000)

    it.each([
      ['wg0', 'expected the name of an interface and .conf'],
      ['racknerd2_mailbox.conf', 'expected at most 15 bytes, got 17'],
      ['a b.conf', 'white space'],
      ['.conf', 'expected the name of an interface and .conf'],
    ])('%s is refused', async (name, message) => {
      const error = await caught(upFile(await confFile(name)))
      expect(error).toMatchObject({ code: 'EINVAL', path: 'path' })
      expect(String(error)).toContain(message)
    })

    it('that does not exist, or is a folder, is refused', async () => {
      const missing = join(client.directory.path, 'missing.conf')
      expect(await caught(upFile(missing))).toMatchObject({ code: 'ENOENT' })
      await mkdir(missing)
      expect(await caught(upFile(missing))).toMatchObject({ code: 'EINVAL' })
    })

    it('warns when others may read its keys', async () => {
      await chmod(client.directory.path, 0o755)
      const path = await confFile(`${client.name}.conf`, 0o644)
      const { warnings } = await client.wg.planFile(path, {})
      expect(warnings.join()).toContain('world accessible')
    })

    it('with commands is refused when others may write into it, or into a folder above', async () => {
      const path = await confFile(`${client.name}.conf`, 0o622, hooked)
      const refused = { code: 'EPERM', hint: expect.stringContaining('chmod') }
      expect(await caught(upFile(path, { hooks: 'run' }))).toMatchObject(refused)
      await chmod(path, 0o600)
      await chmod(client.directory.path, 0o770)
      expect(await caught(upFile(path, { hooks: 'run' }))).toMatchObject(refused)
      await chmod(client.directory.path, 0o700)
      await chown(path, 65_534, 65_534)
      expect(await caught(upFile(path, { hooks: 'run' }))).toMatchObject(refused)
      await chown(path, 0, 0)
      await (await upFile(path, { hooks: 'run' })).down()
    }, 60_000)

    it('is saved when it goes down, if it says so, without the mark that up has chosen', async () => {
      const text = tunnelText('0.0.0.0/0', ['SaveConfig = true'])
      const path = await confFile(`${client.name}.conf`, 0o600, text)
      const tunnel = await upFile(path)
      await client.wg.addAddress(client.name, '10.8.7.1/32')
      await tunnel.down()
      const saved = await readFile(path, 'utf8')
      expect(saved).toContain('10.8.7.1/32')
      expect(saved).not.toContain('FwMark')
    }, 60_000)
  })

  describe('refuses what cannot work, before anything is made:', () => {
    it('a network that a neighbour has', async () => {
      const error = await failing(tunnelText('10.9.0.0/16, 192.0.2.0/24'))
      expect(error).toMatchObject({ code: 'EEXIST' })
      expect(String(error)).toContain('192.0.2.0/24 already, by eth0')
      const tunnel = await up(tunnelText('10.9.0.0/16, 192.0.2.0/24'), { metric: 50 })
      expect(tunnel.warnings.join()).toContain('192.0.2.0/24 keep going by eth0')
      await tunnel.down()
    }, 60_000)

    it('a table that does not exist', async () => {
      const error = await failing(tunnelText('10.9.0.0/16', ['Table = nosuchtable']))
      expect(error).toMatchObject({ code: 'EINVAL', path: 'table' })
    })

    it('preferences that are in use', async () => {
      await client.space.ip('rule add lookup 77 preference 32001')
      const error = await failing(tunnelText(), { rulePreference: 32_000 })
      expect(error).toMatchObject({ code: 'EINVAL', path: 'rulePreference' })
    })

    it('an MTU with which the kernel has no IPv6', async () => {
      expect(await failing(tunnelText(), { mtu: 1200 })).toMatchObject({ path: 'mtu' })
    })

    it('a name without an address', async () => {
      const text = tunnelText().replace('198.51.100.7', 'no.such.host.invalid')
      const before = await baseline()
      const error = await caught(up(text, { resolve: { retries: 0 } }))
      expect(error).toMatchObject({ operation: 'resolve endpoint', device: client.name })
      expect(String(error)).toContain('no.such.host.invalid')
      expect(await baseline()).toEqual(before)
    }, 60_000)

    it('nothing for a name that is not to be resolved, but says so', async () => {
      const text = tunnelText('10.9.0.0/16').replace('198.51.100.7', 'no.such.host.invalid')
      const tunnel = await up(text, { resolve: false })
      expect(tunnel.warnings.join()).toContain('has no endpoint')
      await tunnel.down()
    }, 60_000)

    it('an error in the file, with its line', async () => {
      const error = await caught(up('[Interface]\nAddress = nonsense\n'))
      expect(String(error)).toContain('line 2')
    })

    it('an interface of this name', async () => {
      await client.space.ip(`link add ${client.name} type veth peer name far1`)
      expect(await failing(tunnelText())).toMatchObject({ code: 'EEXIST', detail: 'kind veth' })
      await client.space.ip(`link del ${client.name}`)
    })

    it('name servers in another namespace', async () => {
      const error = await failing(tunnelText('10.9.0.0/16', ['DNS = 10.8.0.1']))
      expect(error).toMatchObject({ code: 'EOPNOTSUPP', path: 'dns' })
    })
  })

  it('says when an address is repeated, when one family is left out, and that a table is used', async () => {
    await client.space.ip('route add 203.0.113.0/24 dev eth0 table 1234')
    const own = ['Address = 10.8.0.2/24', 'FwMark = 1234']
    const tunnel = await up(tunnelText('0.0.0.0/0', own))
    const text = tunnel.warnings.join('\n')
    expect(text).toContain('10.8.0.2/24 twice')
    expect(text).toContain('IPv6 traffic goes beside it')
    expect(text).toContain('the table 1234 of FwMark is in use, so the table is 51820')
    expect(await client.space.run('ip', 'rule')).toContain('not from all fwmark 0x4d2 lookup 51820')
    await tunnel.down()
  }, 60_000)

  it('goes without IPv6 where that is disabled, or fails if it is required', async () => {
    const disable = 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $f; done'
    await client.space.run('sh', '-c', disable)
    expect(await failing(tunnelText(), { ipv6: 'require' })).toMatchObject({
      code: 'EAFNOSUPPORT',
      path: 'ipv6',
    })
    const before = await baseline()
    const tunnel = await up(tunnelText())
    expect(tunnel.families).toEqual([4])
    expect(tunnel.warnings.join()).toContain('IPv6 is disabled')
    await tunnel.down()
    expect(await baseline()).toEqual(before)
  }, 60_000)

  it('keeps the private key that PreUp has set', async () => {
    const path = join(client.directory.path, 'key')
    await writeFile(path, KEY, { mode: 0o600 })
    const text = tunnelText('10.9.0.0/16', [`PreUp = wg set %i private-key ${path}`])
    const tunnel = await up(text.replace(/^PrivateKey.*\n/m, ''), { hooks: 'run' })
    const { privateKey, peers } = await client.wg.device(client.name)
    expect(privateKey?.toBase64()).toBe(KEY)
    expect(peers).toHaveLength(1)
    await tunnel.down()
  }, 60_000)

  it('leaves a full tunnel of wg-quick alone', async () => {
    const other = uniqueName()
    const path = join(client.directory.path, `${other}.conf`)
    await writeFile(path, tunnelText(), { mode: 0o600 })
    const quick = (command: string) =>
      client.space.run(
        'env',
        'WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go',
        'wg-quick',
        command,
        path,
      )
    await quick('up')
    const before = await baseline()
    const tunnel = await up(tunnelText())
    expect(await client.space.run('ip', 'rule')).toMatch(/lookup 51821[^]*lookup 51820/)
    await tunnel.down()
    expect(await baseline()).toEqual(before)
    await quick('down')
  }, 60_000)

  it('sets src_valid_mark if rp_filter needs it, and the last tunnel brings it back', async () => {
    const conf = '/proc/sys/net/ipv4/conf'
    await client.space.run('sh', '-c', `for f in ${conf}/*/rp_filter; do echo 1 > $f; done`)
    const mark = async () => (await client.space.run('cat', `${conf}/all/src_valid_mark`)).trim()
    const other = uniqueName()
    const before = await baseline()
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const tunnels = [
        await up(tunnelText('0.0.0.0/0')),
        await client.wg.up(other, tunnelText('0.0.0.0/0'), client.options()),
      ]
      expect(await mark()).toBe('1')
      await tunnels[order[0]!]!.down()
      expect(await mark()).toBe('1')
      await tunnels[order[1]!]!.down()
      expect(await baseline()).toEqual(before)
    }
  }, 60_000)

  it('leaves rules of others alone, whose numbers begin with its own', async () => {
    await client.space.ip(
      'rule add lookup 1234 preference 40000',
      'rule add table main suppress_prefixlength 0 preference 40001',
    )
    const before = await baseline()
    await (await up(tunnelText('0.0.0.0/0', ['FwMark = 123']))).down()
    expect(await baseline()).toEqual(before)
  }, 60_000)

  it('is finished by the next up, down or plan when wg-quick or a crash has taken it down', async () => {
    const before = await baseline()
    await up(tunnelText(), { killSwitch: true })
    await client.wg.deleteDevice(client.name, PATIENTLY)
    const { stateDirectory } = client
    const plan = await client.wg.plan(client.name, tunnelText('10.9.0.0/16'), { stateDirectory })
    expect(plan.steps[0]).toMatchObject({ type: 'delete-rule' })
    const tunnel = await up(tunnelText('10.9.0.0/16'))
    expect(tunnel.warnings.join()).toContain('was removed first')
    await tunnel.down()
    expect(await baseline()).toEqual(before)
  }, 60_000)

  it('does not delete a later interface of the same name, nor its firewall', async () => {
    await up(tunnelText())
    await client.wg.deleteDevice(client.name, PATIENTLY)
    await client.space.ip(`link add ${client.name} type veth peer name far1`)
    await down()
    expect(await client.space.links()).toContain(client.name)
    expect(await client.space.run('nft', 'list', 'tables')).toContain(`wg-quick-${client.name}`)
    await client.space.ip(`link del ${client.name}`)
  }, 60_000)

  describe('has name servers', () => {
    const original = 'nameserver 9.9.9.9\n# caf\xe9\n'
    beforeEach(() => {
      mkdirSync(dnsFolder(), { recursive: true })
    })
    afterEach(async () => {
      await rm(dnsFolder(), { recursive: true })
    })
    const withDNS = tunnelText('10.9.0.0/16', ['DNS = 10.8.0.1, fd00:8::1, corp.example'])

    it('until it goes down, byte for byte', async () => {
      await writeFile(dnsFile(), original, 'latin1')
      await chmod(dnsFile(), 0o640)
      const tunnel = await up(withDNS, { resolvConf: dnsFile() })
      expect((await readFile(dnsFile(), 'utf8')).split('\n').slice(2)).toEqual([
        'nameserver 10.8.0.1',
        'nameserver fd00:8::1',
        'search corp.example',
        '',
      ])
      await tunnel.down()
      expect(await readFile(dnsFile(), 'latin1')).toBe(original)
      expect(readdirSync(dnsFolder())).toEqual(['resolv.conf'])
    }, 60_000)

    it('also where there was no file', async () => {
      const tunnel = await up(withDNS, { resolvConf: dnsFile() })
      expect(existsSync(dnsFile())).toBe(true)
      await tunnel.down()
      expect(readdirSync(dnsFolder())).toEqual([])
    }, 60_000)

    it('in a stack with others, whatever the order in which they go', async () => {
      await writeFile(dnsFile(), original, 'latin1')
      const other = uniqueName()
      for (const order of [
        [0, 1],
        [1, 0],
      ]) {
        const tunnels = [
          await up(withServer('10.0.0.1'), { resolvConf: dnsFile() }),
          await client.wg.up(
            other,
            withServer('10.0.0.2').replaceAll('10.9.', '10.19.'),
            client.options({ resolvConf: dnsFile() }),
          ),
        ]
        expect(await readFile(dnsFile(), 'utf8')).toContain('nameserver 10.0.0.2')
        await tunnels[order[0]!]!.down()
        const left = order[1] === 0 ? '10.0.0.1' : '10.0.0.2'
        expect(await readFile(dnsFile(), 'utf8')).toContain(`nameserver ${left}`)
        await tunnels[order[1]!]!.down()
        expect(await readFile(dnsFile(), 'latin1')).toBe(original)
      }
    }, 60_000)

    it('and leaves a file that another program has changed meanwhile', async () => {
      await writeFile(dnsFile(), original, 'latin1')
      const tunnel = await up(withDNS, { resolvConf: dnsFile() })
      await writeFile(dnsFile(), 'nameserver 1.1.1.1\n')
      const { warnings } = await tunnel.down()
      expect(warnings.join()).toContain('was changed by another program')
      expect(await readFile(dnsFile(), 'utf8')).toBe('nameserver 1.1.1.1\n')
      expect(readdirSync(dnsFolder())).toEqual(['resolv.conf'])
    }, 60_000)

    it('for some names alone only where systemd-resolved has them', async () => {
      const resolvConf = dnsFile()
      expect(await caught(up(withDNS, { resolvConf, dnsMode: 'split' }))).toMatchObject({
        code: 'EOPNOTSUPP',
        path: 'dnsMode',
      })
    }, 60_000)

    it('unless another program manages the file', async () => {
      await writeFile(dnsFile(), '# Generated by resolvconf\nnameserver 9.9.9.9\n')
      const error = await caught(up(withDNS, { resolvConf: dnsFile() }))
      expect(error).toMatchObject({ code: 'EBUSY', path: 'dns' })
      expect(String(error)).toContain("dns: 'off'")
      const tunnel = await up(withDNS, { resolvConf: dnsFile(), dns: 'file' })
      expect(tunnel.warnings.join()).toContain('resolvconf may change')
      await tunnel.down()
      await rm(dnsFile())
      await symlink('/run/systemd/resolve/stub-resolv.conf.none', dnsFile())
      expect(await caught(up(withDNS, { resolvConf: dnsFile() }))).toMatchObject({ path: 'dns' })
    }, 60_000)

    it('that are undone when a later step fails', async () => {
      await writeFile(dnsFile(), original, 'latin1')
      const text = withDNS.replace('[Peer]', 'PostUp = false\n[Peer]')
      await failing(text, { resolvConf: dnsFile(), hooks: 'run' })
      expect(await readFile(dnsFile(), 'latin1')).toBe(original)
      expect(readdirSync(dnsFolder())).toEqual(['resolv.conf'])
    }, 60_000)

    it('and brings the file back that was left edited before a restart', async () => {
      await writeFile(dnsFile(), original, 'latin1')
      await up(withDNS, { resolvConf: dnsFile() })
      const stack = `${dnsFile()}.wireguard`
      const boot = 'another-boot'
      await writeFile(stack, JSON.stringify({ ...JSON.parse(await readFile(stack, 'utf8')), boot }))
      const file = state()!
      await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), boot }))
      expect((await down()).warnings.join()).toContain('before the restart')
      expect(await readFile(dnsFile(), 'latin1')).toBe(original)
      // Nothing else is undone: after a restart, nothing of the kernel can be left.
      expect(await client.space.links()).toContain(client.name)
    }, 60_000)
  })

  describe('trusts no state', () => {
    it('in a folder of others, or open to them', async () => {
      await (await up(tunnelText('10.9.0.0/16'))).down()
      const namespaces = readdirSync(client.stateDirectory)
      const refused = { code: 'EPERM', hint: expect.any(String) }
      for (const folder of [client.stateDirectory, join(client.stateDirectory, namespaces[0]!)]) {
        await chmod(folder, 0o770)
        expect(await caught(up(tunnelText()))).toMatchObject(refused)
        await chmod(folder, 0o700)
        await chown(folder, 65_534, 65_534)
        expect(await caught(down())).toMatchObject(refused)
        await chown(folder, 0, 0)
      }
      await chmod(dirname(client.stateDirectory), 0o777)
      expect(await caught(up(tunnelText()))).toMatchObject(refused)
      await chmod(dirname(client.stateDirectory), 0o700)
    }, 60_000)

    it('that is a link, or open to others, or damaged', async () => {
      await up(tunnelText('10.9.0.0/16'))
      const file = state()!
      const text = await readFile(file, 'utf8')
      await chmod(file, 0o644)
      expect(await caught(down())).toMatchObject({ code: 'EPERM' })
      await chmod(file, 0o600)
      const twin = join(client.directory.path, 'twin')
      await link(file, twin)
      expect(await caught(down())).toMatchObject({ code: 'EPERM' })
      await rm(file)
      await symlink(twin, file)
      expect(await caught(down())).toMatchObject({ code: 'EPERM' })
      await rm(file)
      await writeFile(file, text.slice(0, -20), { mode: 0o600 })
      expect(await caught(down())).toMatchObject({ code: 'EPROTO' })
      await writeFile(file, text)
      expect(await down()).toMatchObject({ existed: true })
    }, 60_000)

    it('with a folder that is a link', async () => {
      const real = join(client.directory.path, 'real')
      await mkdir(real, { mode: 0o700 })
      await symlink(real, client.stateDirectory)
      expect(await caught(up(tunnelText()))).toMatchObject({ code: 'EPERM' })
      await rm(client.stateDirectory)
    })
  })

  it('waits for another call for the same name, and says who it is when its time is up', async () => {
    const slow = client.wg.up(
      client.name,
      tunnelText('10.9.0.0/16', ['PostUp = sleep 1.5']),
      client.options({ hooks: 'run' }),
    )
    await until(() => existsSync(client.stateDirectory) && state() !== undefined, 'it has begun')
    expect(await caught(up(tunnelText(), { idleTimeout: 200 }))).toMatchObject({
      code: 'ETIMEDOUT',
      detail: 'this process',
    })
    expect(await caught(up(tunnelText()))).toMatchObject({ code: 'EEXIST' })
    await (await slow).down()
  }, 60_000)
})

function withServer(server: string): string {
  return tunnelText('10.9.0.0/16', [`DNS = ${server}`])
}

function isZombie(pid: string): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z')
}
