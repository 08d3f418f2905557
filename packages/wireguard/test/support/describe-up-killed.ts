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
 * `up` and `reload` in a process that is killed before one of its system calls.
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

  /** Runs the script in a process that is killed before a system call. Returns whether it was. */
  const runKilled = async (action: 'up' | 'reload', text: string, call: number) => {
    const { space, name, stateDirectory } = client
    const inject = `inject=${CALLS}:signal=KILL:when=${call}`
    const program = [process.execPath, SCRIPT, action, name, stateDirectory, backend]
    const strace = ['strace', '-qq', '-o', '/dev/null', '-e', inject]
    const { code } = await runCommand(['nsenter', `--net=${space.path}`, ...strace, ...program], {
      input: text,
    })
    if (code !== 0) expect([137, 'SIGKILL']).toContain(code)
    return code !== 0
  }
  const down = () =>
    client.wg.down(client.name, { stateDirectory: client.stateDirectory, ...PATIENTLY })

  it('that was killed before any of its system calls is undone by down', async () => {
    const { space } = client
    const before = await machineState(space)
    const text = tunnelText('0.0.0.0/0, ::/0, 10.9.0.0/16', ['PreUp = true', 'PostUp = true'])
    let kills = 0
    for (let call = 1; kills < most; call += every) {
      if (!(await runKilled('up', text, call))) break
      expect(call).toBeLessThan(MOST)
      kills++
      await down()
      expect({ call, ...(await machineState(space)) }).toEqual({ call, ...before })
    }
    expect(kills).toBeGreaterThan(8)
    await down()
    expect(await machineState(space)).toEqual(before)
  }, 600_000)

  it('whose reload was killed before any of its system calls is undone, or reloaded again', async () => {
    const { space, wg, name, stateDirectory } = client
    const before = await machineState(space)
    const from = tunnelText('0.0.0.0/0, ::/0, 10.9.0.0/16', ['FwMark = 7', 'Address = 10.8.0.9/24'])
    const to = tunnelText('0.0.0.0/0, ::/0, 10.11.0.0/16', ['FwMark = 8', 'MTU = 1400'])
    const up = () => wg.up(name, from, client.options({ backend, killSwitch: true }))
    let kills = 0
    for (let call = 1; kills < most; call += every) {
      await up()
      const isKilled = await runKilled('reload', to, call)
      if (isKilled && kills++ % 2 === 0) {
        await wg.reload(name, to, { stateDirectory, ...PATIENTLY })
        const { steps } = await wg.reload(name, to, { stateDirectory, ...PATIENTLY })
        expect({ call, steps: steps.map(({ type }) => type) }).toEqual({
          call,
          steps: ['set-firewall'],
        })
      }
      await down()
      expect({ call, ...(await machineState(space)) }).toEqual({ call, ...before })
      if (!isKilled) break
      expect(call).toBeLessThan(MOST)
    }
    expect(kills).toBeGreaterThan(8)
  }, 600_000)
}
