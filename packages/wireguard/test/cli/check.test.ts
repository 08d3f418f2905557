import { describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { commandFixture } from './fixture.js'

const wg = commandFixture()
const KEY = publicKeyOf(1)

describe('check', () => {
  it('prints every problem of every file with its line, and fails on errors', async () => {
    const bad = join(wg.directory, 'bad.conf')
    const good = join(wg.directory, 'good.conf')
    await writeFile(bad, `[Interface]\nListenPort = 99999\nAddress = 10.0.0.1/24\nbogus\n[Peer]\n`)
    await writeFile(good, `[Interface]\nAddress = 10.0.0.1/24\n[Peer]\nPublicKey = ${KEY}\n`)
    const { stdout, stderr, code } = await wg.run(['check', bad, good])
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((text) => text.split(' ')[0])).toStrictEqual([
      `${bad}:2:14:`,
      `${bad}:4:1:`,
      `${bad}:5:1:`,
    ])
    expect({ stderr, code }).toStrictEqual({ stderr: '', code: 1 })
    await expect(wg.run(['check', good])).resolves.toStrictEqual({
      stdout: '',
      stderr: '',
      code: 0,
    })
  })

  it('does not fail on a warning', async () => {
    const input = `[Peer]\nPublicKey = ${KEY}\nAllowedIPs = 10.0.0.1/8\n`
    const { stdout, code } = await wg.run(['check', '/dev/stdin'], { input })
    expect(stdout).toContain('/dev/stdin:3:14: warning')
    expect(code).toBe(0)
  })

  it('reports a missing file', async () => {
    await expect(wg.run(['check', '/nonexistent'])).resolves.toStrictEqual({
      stdout: '',
      stderr: 'fopen: No such file or directory\n',
      code: 1,
    })
  })
})

describe('check of a file name', () => {
  it.each([
    ['my-provider-de-berlin-wg-001.conf', true],
    ['wg 0.conf', true],
    ['.conf', true],
    ['..conf', true],
    ['тун0.conf', true],
    ['fifteen-letters.conf', false],
    ['wg0.conf', false],
    // Not for wg-quick, which takes files of that name alone.
    ['peers-of-the-berlin-office.txt', false],
  ])('%s', async (name, isWarned) => {
    const path = join(wg.directory, name)
    await writeFile(path, '[Interface]\n')
    const { stdout, code } = await wg.run(['check', path])
    expect(stdout.startsWith(`${path}:1:1: warning: the name of the file is no name`)).toBe(
      isWarned,
    )
    expect(stdout === '').toBe(!isWarned)
    expect(code).toBe(0)
  })
})
