import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { rename } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { commandFixture } from '../fixture.js'

const wg = commandFixture()
describe('show', () => {
  it.each([
    ['colours on a terminal', { isTTY: true }, '\u001B[0m\u001B[32m'],
    ['none elsewhere', {}, 'interface: wg0'],
    [
      'no colors on a terminal that disables them',
      { isTTY: true, env: { WG_COLOR_MODE: 'never' } },
      'interface: wg0',
    ],
    ['colours elsewhere when wanted', { env: { WG_COLOR_MODE: 'always' } }, '\u001B[0m\u001B[32m'],
    [
      'colours on a terminal with any other mode',
      { isTTY: true, env: { WG_COLOR_MODE: 'x' } },
      '\u001B[0m',
    ],
  ])('has %s', async (_, options, start) => {
    const { stdout } = await wg.run(['show'], options)
    expect(stdout.slice(0, start.length)).toBe(start)
  })

  it('shows the other interfaces when one cannot be read, and fails when none can', async () => {
    await using _ = await brokenDaemon(join(wg.directory, 'wga.sock'))
    const message = 'Unable to access interface wga: Invalid argument\n'
    const { stdout, stderr, code } = await wg.line('show all peers')
    expect({ stdout, stderr, code }).toStrictEqual({ stdout: '', stderr: message, code: 0 })
    const socket = join(wg.directory, 'wg0.sock')
    await rename(socket, `${socket}.away`)
    try {
      await expect(wg.line('show all --json')).resolves.toStrictEqual({
        stdout: '[]\n',
        stderr: message,
        code: 1,
      })
    } finally {
      await rename(`${socket}.away`, socket)
    }
  })

  it.each([
    ['there is none', 'nodev', 'Unable to access interface: No such device\n'],
    [
      'no interface can be called so',
      'a'.repeat(16),
      /interface name "a+": expected at most 15 bytes/,
    ],
    ['it is empty', '', /interface name "": expected 1 to 15 bytes/],
  ])('fails when %s', async (_, name, message) => {
    const { stdout, stderr, code } = await wg.run(['show', name])
    expect(stderr).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
    expect({ stdout, code }).toStrictEqual({ stdout: '', code: 1 })
  })
})

/** Something that answers every request with EINVAL. */
async function brokenDaemon(path: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.end('errno=22\n\n'))
  })
  await once(server.listen(path), 'listening')
  return {
    [Symbol.asyncDispose]: async () => {
      await once(server.close(), 'close')
    },
  }
}
