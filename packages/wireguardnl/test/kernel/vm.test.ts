import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { runCommand } from '../../../../test-fixtures/command.js'
import { isKernelSince } from '../../../../test-fixtures/kernel-release.js'
import { describeWith, hasKernelWireGuard, hasWg } from '../../../../test-fixtures/require.js'

/**
 * Inside the virtual machine: which kernel was asked for. Absent: the running kernel has WireGuard
 * itself.
 */
const wanted = process.env['WIREGUARD_TEST_VM']

describeWith([hasKernelWireGuard, hasWg], 'the kernel that these tests run on', () => {
  beforeAll(async () => {
    await runCommand(['ip', 'link', 'add', 'wgvm0', 'type', 'wireguard'])
  })
  afterAll(async () => {
    await runCommand(['ip', 'link', 'delete', 'wgvm0'])
  })

  it('is the one that was asked for', () => {
    const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8')
    if (wanted === undefined) expect(release).not.toBe('')
    else if (wanted === 'newest') expect(isKernelSince(6, 19)).toBe(true)
    else expect(release).toMatch(new RegExp(`^${wanted.replace('.', '\\.')}\\.`))
  })

  it('makes a WireGuard interface that the real wg reads', async () => {
    expect(await runCommand(['wg', 'show', 'wgvm0', 'dump'])).toEqual({
      stdout: '(none)\t(none)\t0\toff\n',
      stderr: '',
      code: 0,
    })
  })

  it('is not the userspace implementation', async () => {
    const { stdout } = await runCommand(['ip', '-details', 'link', 'show', 'wgvm0'])
    expect(stdout).toMatch(/\bwireguard\b/)
  })
})
