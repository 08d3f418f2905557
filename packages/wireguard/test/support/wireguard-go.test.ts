import { afterEach, expect, it } from '@jest/globals'
import { existsSync, readlinkSync } from 'node:fs'
import { runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasWg, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { type WireGuardGo, startWireGuardGo } from '../../../../test-fixtures/wireguard-go.js'

describeWith([hasWireGuardGo, hasWg], 'startWireGuardGo', () => {
  const started: WireGuardGo[] = []
  const start = async (...args: Parameters<typeof startWireGuardGo>) => {
    const daemon = await startWireGuardGo(...args)
    started.push(daemon)
    return daemon
  }
  afterEach(async () => {
    await Promise.all(started.splice(0).map((daemon) => daemon.stop()))
  })

  it('answers the real wg, with nothing configured', async () => {
    const daemon = await start()
    expect(await daemon.wg('show', daemon.name, 'dump')).toEqual({
      stdout: expect.stringMatching(/^\(none\)\t\(none\)\t\d+\toff\n$/),
      stderr: '',
      code: 0,
    })
  })

  it('has its interface in a network namespace of its own', async () => {
    const daemon = await start()
    const inside = await daemon.inNamespace('ip', '-br', 'link', 'show', daemon.name)
    const outside = await runCommand(['ip', '-br', 'link', 'show', daemon.name])
    expect(inside).toMatchObject({ code: 0, stdout: expect.stringContaining(daemon.name) })
    expect(outside.code).not.toBe(0)
    expect(readlinkSync(`/proc/${daemon.pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'))
  })

  it('hands an input to a program in the namespace', async () => {
    const daemon = await start()
    const conf = '[Interface]\nListenPort = 0\nFwMark = 0x2a\n'
    const set = await daemon.run(['wg', 'setconf', daemon.name, '/dev/stdin'], { input: conf })
    expect(set).toEqual({ stdout: '', stderr: '', code: 0 })
    expect((await daemon.wg('show', daemon.name, 'fwmark')).stdout).toBe('0x2a\n')
  })

  it('leaves a stale socket when killed, and can be restarted under its name', async () => {
    const first = await start()
    await first.kill('SIGKILL')
    expect(existsSync(first.socketPath)).toBe(true)
    const second = await start({ name: first.name })
    expect(second.pid).not.toBe(first.pid)
    expect((await second.wg('show', second.name, 'listen-port')).code).toBe(0)
  })

  it('leaves neither process nor socket when stopped', async () => {
    const daemon = await start()
    await daemon.stop()
    await daemon.stop()
    expect(existsSync(daemon.socketPath)).toBe(false)
    expect(existsSync(`/proc/${daemon.pid}`)).toBe(false)
  })

  it('refuses a name that answers already, and leaves that device alone', async () => {
    const daemon = await start()
    await expect(startWireGuardGo({ name: daemon.name })).rejects.toThrow('is in use')
    expect((await daemon.wg('show', daemon.name)).code).toBe(0)
  })

  it('reports the output of the daemon when it cannot start', async () => {
    const name = 'sixteen-letters-'
    await expect(startWireGuardGo({ name })).rejects.toThrow(/ended at once.*create TUN/s)
    expect(existsSync(`/var/run/wireguard/${name}.sock`)).toBe(false)
  })

  it('gives different names to devices started at the same time', async () => {
    const daemons = await Promise.all([start(), start(), start()])
    expect(new Set(daemons.map(({ name }) => name)).size).toBe(3)
    expect(daemons.every(({ name }) => name.length <= 15)).toBe(true)
  })
})
