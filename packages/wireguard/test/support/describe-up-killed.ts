import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../../test-fixtures/command.js'
import { machineState } from './machine-state.js'
import { PATIENTLY, TunnelClient, tunnelText } from './tunnel-client.js'

const SCRIPT = fileURLToPath(new URL('up-once.mjs', import.meta.url))

/** The system calls that change something. Those of Node's own start are few. */
const CALLS = 'sendto,rename,unlink,mkdir,chmod,flock,ftruncate,connect,clone,clone3,vfork'

/** So many are more than `up` makes. */
const MOST = 400

/**
 * `up` in a process that is killed before one of its system calls.
 *
 * @param every 1: before each, else before every so many
 * @param most how many times at most
 */
export function describeUpKilled(
  backend: 'kernel' | 'userspace',
  { every, most = MOST }: { readonly every: number; readonly most?: number },
): void {
  let client: TunnelClient
  beforeEach(async () => {
    client = await TunnelClient.create()
  })
  afterEach(async () => {
    await client[Symbol.asyncDispose]()
  })

  it('that was killed before any of its system calls is undone by down', async () => {
    const { space, name, stateDirectory, wg } = client
    const before = await machineState(space)
    const text = tunnelText('0.0.0.0/0, ::/0, 10.9.0.0/16', ['PreUp = true', 'PostUp = true'])
    let kills = 0
    for (let call = 1; kills < most; call += every) {
      const inject = `inject=${CALLS}:signal=KILL:when=${call}`
      const program = [process.execPath, SCRIPT, name, stateDirectory, backend]
      const { code } = await runCommand(
        [
          'nsenter',
          `--net=${space.path}`,
          'strace',
          '-qq',
          '-o',
          '/dev/null',
          '-e',
          inject,
          ...program,
        ],
        { input: text },
      )
      if (code === 0) break
      expect([137, 'SIGKILL']).toContain(code)
      expect(call).toBeLessThan(MOST)
      kills++
      await wg.down(name, { stateDirectory, ...PATIENTLY })
      expect({ call, ...(await machineState(space)) }).toEqual({ call, ...before })
    }
    expect(kills).toBeGreaterThan(8)
    await wg.down(name, { stateDirectory, ...PATIENTLY })
    expect(await machineState(space)).toEqual(before)
  }, 600_000)
}
