import { describe, expect, it } from '@jest/globals'
import { SecretKey } from 'wireguardcfg'
import { privateKeyOf } from '../../../../test-fixtures/sample.js'
import { commandFixture } from './fixture.js'

const wg = commandFixture()
const SECRET = privateKeyOf(1).toBase64()

describe('keys', () => {
  it.each([
    ['genkey', true],
    ['genpsk', false],
  ])('%s prints a new key', async (command, isClamped) => {
    const { stdout, stderr, code } = await wg.run([command])
    expect({ stderr, code }).toStrictEqual({ stderr: '', code: 0 })
    const key = SecretKey.parse(stdout.trimEnd())
    expect(stdout).toBe(`${key.toBase64()}\n`)
    expect((await wg.run([command])).stdout).not.toBe(stdout)
    // One in 32 preshared keys looks clamped.
    expect(isClamped && !key.equals(key.clamped())).toBe(false)
  })

  const PUBLIC = `${privateKeyOf(1).publicKey()}\n`
  it.each([
    ['a key', SECRET, PUBLIC, ''],
    ['a key and white space', `${SECRET}\n \t\r\n`, PUBLIC, ''],
    ['a key and NUL characters', `${SECRET}\0\0`, PUBLIC, ''],
    // What wg(8) prints for it.
    ['the zero key', `${'A'.repeat(43)}=`, 'L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q=\n', ''],
    ['a key and more', `${SECRET} x`, '', 'wireguard: Trailing characters found after key\n'],
    [
      'white space and a key',
      `\n${SECRET}`,
      '',
      'wireguard: Trailing characters found after key\n',
    ],
    ['nothing', '', '', 'wireguard: Key is not the correct length or format\n'],
    ['too little', SECRET.slice(1), '', 'wireguard: Key is not the correct length or format\n'],
  ])('pubkey of %s', async (_, input, stdout, stderr) => {
    const code = stderr === '' ? 0 : 1
    await expect(wg.run(['pubkey'], { input })).resolves.toStrictEqual({ stdout, stderr, code })
  })
})
