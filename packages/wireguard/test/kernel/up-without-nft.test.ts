// A kernel without nf_tables: its modules are taken out, and no others can be loaded meanwhile.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { caught } from '../../../../test-fixtures/caught.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { TunnelClient, tunnelText } from '../support/tunnel-client.js'

const MODPROBE = '/proc/sys/kernel/modprobe'
const UNLOAD = 'for i in 1 2 3 4 5; do rmmod $(lsmod | grep -o "^nft\\?_[a-z0-9_]*"); done; true'

describeWith(hasKernelWireGuard, 'a tunnel on a kernel without nf_tables', () => {
  let modprobe: string
  beforeAll(async () => {
    modprobe = readFileSync(MODPROBE, 'utf8')
    await runCommand(['sh', '-c', UNLOAD])
    await writeFile(MODPROBE, '/bin/false')
  })
  afterAll(async () => {
    await writeFile(MODPROBE, modprobe)
  })

  it('comes up without its firewall if nothing depends on it', async () => {
    await using client = await TunnelClient.create()
    const { space, wg, name } = client
    const filters = (value: number) =>
      space.run(
        'sh',
        '-c',
        `for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo ${value} > $f; done`,
      )
    const options = client.options({ backend: 'kernel' })
    await filters(0)
    const tunnel = await wg.up(name, tunnelText(), options)
    expect(tunnel.warnings.join()).toContain('the kernel has no nf_tables')
    await tunnel.down()
    const refused = { code: 'EPROTONOSUPPORT', path: 'firewall' }
    expect(
      await caught(wg.up(name, tunnelText(), { ...options, firewall: 'require' })),
    ).toMatchObject(refused)
    await filters(1)
    expect(await caught(wg.up(name, tunnelText(), options))).toMatchObject(refused)
    const without = await wg.up(name, tunnelText(), { ...options, firewall: 'off' })
    await without.down()
  }, 120_000)
})
