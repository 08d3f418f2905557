import { beforeEach, describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { presharedKeyOf, privateKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'
import { commandFixture } from './fixture.js'

const wg = commandFixture()
const KEY = privateKeyOf(1).toBase64()

const set = async (bytes: string | Uint8Array) => {
  const path = join(wg.directory, 'key')
  await writeFile(path, bytes)
  return wg.run(['set', 'wg0', 'private-key', path])
}

describe('a key file', () => {
  it.each([
    ['is as long as a key in characters, and longer in bytes', `é${'A'.repeat(43)}`, 'trailing'],
    ['is as long as a key in bytes', `é${'A'.repeat(42)}`, 'format'],
    ['is shorter than a key, and as long in no unit', 'é'.repeat(21), 'length'],
    ['has a character after the key that is two bytes', `${KEY}é`, '\\xc3'],
    ['has a NUL after the key', `${KEY}\0`, '\\u{0}'],
    ['ends in the middle of a character', Buffer.from([...Buffer.from(KEY), 0xe2, 0x82]), '\\xe2'],
  ])('that %s is refused', async (_, bytes, part) => {
    const { stdout, stderr, code } = await set(bytes)
    expect({ stdout, code }).toStrictEqual({ stdout: '', code: 1 })
    expect(stderr).toContain(part)
    expect(stderr.trimEnd()).not.toContain('\n')
  })

  it.each([
    ['/dev/zero', "Found trailing character in key file: `(hidden)'\n"],
    ['/', 'Invalid length key in key file\n'],
    ['/proc/self/mem', 'Invalid length key in key file\n'],
    ['/nonexistent', 'fopen: No such file or directory\n'],
    ['/etc/passwd/x', 'fopen: Not a directory\n'],
    ['x'.repeat(300), 'fopen: File name too long\n'],
  ])('%s', async (path, stderr) => {
    const result = await wg.run(['set', 'wg0', 'private-key', path])
    expect(result).toStrictEqual({ stdout: '', stderr, code: 1 })
  })

  it('without an end, of white space alone after the key, is not read for ever', async () => {
    const input = KEY + '\n'.repeat(2 ** 20)
    const { stderr, code } = await wg.run(['set', 'wg0', 'private-key', '/dev/stdin'], { input })
    expect({ stderr, code }).toStrictEqual({ stderr: 'getc: File too large\n', code: 1 })
  })
})

describe('a configuration file', () => {
  beforeEach(async () => {
    const peers = [{ publicKey: publicKeyOf(1), presharedKey: presharedKeyOf(1) }]
    await wg.client.configureDevice('wg0', { firewallMark: 7, peers })
  })

  it.each(['setconf', 'addconf', 'syncconf'])(
    '%s refuses one without an end, or with more lines than a device has use for',
    async (command) => {
      const failure = { stdout: '', stderr: 'fopen: File too large\n', code: 1 }
      await expect(wg.run([command, 'wg0', '/dev/zero'])).resolves.toStrictEqual(failure)
      const input = '\n'.repeat(2 ** 21 + 1)
      await expect(wg.run([command, 'wg0', '/dev/stdin'], { input })).resolves.toStrictEqual(
        failure,
      )
      await expect(wg.device()).resolves.toMatchObject({ firewallMark: 7 })
    },
  )

  it('check refuses one without an end', async () => {
    const failure = { stdout: '', stderr: 'fopen: File too large\n', code: 1 }
    await expect(wg.run(['check', '/dev/zero'])).resolves.toStrictEqual(failure)
  })

  it.each(['setconf', 'syncconf'])(
    '%s changes nothing when a pipe gives nothing, and wipes with an empty file',
    async (command) => {
      const { stderr, code } = await wg.run([command, 'wg0', '/dev/stdin'], { input: '' })
      expect(stderr).toMatch(/^Nothing was read, so nothing was changed/)
      expect(code).toBe(1)
      await expect(wg.device()).resolves.toMatchObject({ firewallMark: 7, peers: [{}] })
      const empty = join(wg.directory, 'empty.conf')
      await writeFile(empty, '')
      await expect(wg.run([command, 'wg0', empty])).resolves.toMatchObject({ code: 0 })
      await expect(wg.device()).resolves.toMatchObject({ firewallMark: 0, peers: [] })
    },
  )

  it('addconf adds nothing when a pipe gives nothing', async () => {
    const result = wg.run(['addconf', 'wg0', '/dev/stdin'], { input: '' })
    await expect(result).resolves.toStrictEqual({ stdout: '', stderr: '', code: 0 })
    await expect(wg.device()).resolves.toMatchObject({ firewallMark: 7, peers: [{}] })
  })

  it('in another encoding is quoted byte by byte', async () => {
    const path = join(wg.directory, 'latin1.conf')
    await writeFile(path, Buffer.from('[Interface]\n# caf\xE9\nF\xFC\xC3\xBC = 1\n', 'latin1'))
    const { stderr } = await wg.run(['setconf', 'wg0', path])
    expect(stderr).toBe("Line unrecognized: `F\\xfcü=1'\nConfiguration parsing error\n")
    const checked = await wg.run(['check', path])
    expect(checked.code).toBe(1)
  })
})
