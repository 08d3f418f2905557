import { describe, expect, it } from '@jest/globals'
import { commandFixture } from './fixture.js'

const wg = commandFixture()
describe('help', () => {
  it.each(['--help', '-h', 'help'])('of the program: %s', async (argument) => {
    const { stdout, stderr, code } = await wg.run([argument])
    expect(stdout).toMatch(/^Usage: wireguard \[COMMAND\]/)
    expect({ stderr, code }).toStrictEqual({ stderr: '', code: 0 })
  })

  it.each('show showconf set setconf addconf syncconf genkey genpsk pubkey check'.split(' '))(
    'of %s',
    async (command) => {
      const { stdout, stderr, code } = await wg.run([command, '--help'])
      expect(stdout).toMatch(new RegExp(`^Usage: wireguard ${command}\\b`))
      expect({ stderr, code }).toStrictEqual({ stderr: '', code: 0 })
    },
  )

  it.each([
    ['an unknown subcommand', 'bogus', "Invalid subcommand: `bogus'\nUsage: wireguard [COMMAND]"],
    ['the name of a property of objects', 'toString', "Invalid subcommand: `toString'\n"],
    ['too many arguments', 'show wg0 dump x', 'Usage: wireguard show'],
    ['an unknown option', 'show --jsn', "Unknown option '--jsn'"],
    ['no interface', 'set', 'Usage: wireguard set'],
    ['no file', 'check', 'Usage: wireguard check'],
  ])('is printed on standard error for %s', async (_, text, start) => {
    const { stdout, stderr, code } = await wg.line(text)
    expect(stderr.slice(0, start.length)).toBe(start)
    expect({ stdout, code }).toStrictEqual({ stdout: '', code: 1 })
  })

  it('prints the version', async () => {
    const { stdout, code } = await wg.run(['--version'])
    expect(stdout).toMatch(
      /^wireguard v\d+\.\d+\.\d+ \(compatible with wireguard-tools v[\d.]+\)\n$/,
    )
    expect(code).toBe(0)
  })

  it('prints the version of wg, by its place in the line, when it is called wg', async () => {
    const { stdout } = await wg.run(['--version'], { program: 'wg' })
    expect(stdout).toMatch(/^wireguard-tools v1\.0\.\d{8} - wireguard v\d+\.\d+\.\d+\n$/)
  })

  it.each(['--version x', '-v x', 'version x', '--help x', 'help x'])(
    'takes no more arguments, as wg: %s',
    async (line) => {
      const { stdout, stderr, code } = await wg.line(line)
      expect(stderr).toMatch(/^Invalid subcommand: `/)
      expect({ stdout, code }).toStrictEqual({ stdout: '', code: 1 })
    },
  )

  it('of show is not read from an interface called help', async () => {
    await expect(wg.line('show help')).resolves.toMatchObject({ stderr: '', code: 0 })
    await expect(wg.line('show help dump')).resolves.toMatchObject({
      stderr: 'Unable to access interface: No such device\n',
      code: 1,
    })
  })

  it('prints the name wg when it is called wg', async () => {
    const { stdout } = await wg.run(['set', '--help'], { program: 'wg' })
    expect(stdout).toMatch(/^Usage: wg set /)
  })
})
