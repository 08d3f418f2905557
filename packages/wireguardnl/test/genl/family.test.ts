import { describe, expect, it } from '@jest/globals'
import { describeWith } from '../../../../test-fixtures/require.js'
import { Families } from '../../src/genl/family.js'
import { Connection } from '../../src/netlink/connection.js'
import { NETLINK_GENERIC } from '../../src/netlink/constants.js'
import { messageError } from '../../src/netlink/errors.js'
import { KernelSocket } from '../../src/netlink/kernel-socket.js'
import { GETFAMILY_REPLY, GETFAMILY_REQUEST } from '../support/captures.js'
import { ack, connect, errorAck, reply } from '../../../../test-fixtures/fakes/kernel.js'
import { isLinux } from '../support/requirements.js'

const NAME = 'wireguard'
const ANSWER = GETFAMILY_REPLY.subarray(16)
const OTHER_ANSWER = Uint8Array.from(ANSWER, (byte, index) => (index === 24 ? 0x18 : byte))

describe('Families', () => {
  it('sends the captured request once and reads the captured answer', async () => {
    const families = new Families()
    const { connection, kernels } = connect((request) => [reply(request, ANSWER), ack(request)])
    await expect(families.resolve(connection, NAME)).resolves.toBe(0x17)
    await expect(families.resolve(connection, NAME)).resolves.toBe(0x17)
    expect(kernels[0]!.requests).toHaveLength(1)
    expect(kernels[0]!.requests[0]!.payload).toEqual(GETFAMILY_REQUEST.subarray(16))
    expect(kernels[0]!.requests[0]).toMatchObject({ type: 0x10, flags: 5 })
  })

  it('asks again on request, and keeps the answer', async () => {
    const families = new Families()
    let answer = ANSWER
    const { connection } = connect((request) => [reply(request, answer), ack(request)])
    await families.resolve(connection, NAME)
    answer = OTHER_ANSWER
    await expect(families.resolveAnew(connection, NAME)).resolves.toBe(0x18)
    await expect(families.resolve(connection, NAME)).resolves.toBe(0x18)
  })

  it.each([
    ['the kernel says so', (request: Parameters<typeof ack>[0]) => [errorAck(request, 2)]],
    ['it answers nothing', (request: Parameters<typeof ack>[0]) => [ack(request)]],
  ])('throws ENOENT when there is none: %s; and asks again', async (_, handler) => {
    const { connection, kernels } = connect(handler)
    const families = new Families()
    const failure = { code: 'ENOENT', operation: 'find the netlink family "wireguard"' }
    await expect(families.resolve(connection, NAME)).rejects.toMatchObject(failure)
    await expect(families.resolve(connection, NAME)).rejects.toMatchObject(failure)
    expect(kernels[0]!.requests).toHaveLength(2)
  })
})

/**
 * A connection to a kernel in which the family was loaded anew, with another id, since it was
 * resolved.
 */
async function afterReload() {
  let answer = ANSWER
  const fake = connect((request) => [reply(request, answer), ack(request)])
  const families = new Families()
  await families.resolve(fake.connection, NAME)
  answer = OTHER_ANSWER
  return { families, connection: fake.connection }
}

describe('Families.use', () => {
  it('tries once more with a fresh id after ENOENT', async () => {
    const { families, connection } = await afterReload()
    const ids: number[] = []
    const result = await families.use(connection, NAME, async (id) => {
      ids.push(id)
      if (id === 0x17) throw messageError(2, 'test')
      return 'done'
    })
    expect([result, ids]).toEqual(['done', [0x17, 0x18]])
  })

  it('tries no more than twice', async () => {
    const { families, connection } = await afterReload()
    let calls = 0
    const use = async () => {
      calls += 1
      throw messageError(2, 'test')
    }
    await expect(families.use(connection, NAME, use)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(calls).toBe(2)
  })

  it('does not try again when the id was fresh', async () => {
    const families = new Families()
    const { connection } = connect((request) => [reply(request, ANSWER), ack(request)])
    let calls = 0
    const use = async () => {
      calls += 1
      throw messageError(2, 'test')
    }
    await expect(families.use(connection, NAME, use)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(calls).toBe(1)
  })

  it('does not try again after another error', async () => {
    const { families, connection } = await afterReload()
    let calls = 0
    const use = async () => {
      calls += 1
      throw messageError(19, 'test')
    }
    await expect(families.use(connection, NAME, use)).rejects.toMatchObject({ code: 'ENODEV' })
    expect(calls).toBe(1)
  })
})

describeWith(isLinux, 'families of this kernel', () => {
  it('finds the controller by its constant id', async () => {
    const families = new Families()
    await using connection = new Connection(() => KernelSocket.open(NETLINK_GENERIC))
    await expect(families.resolve(connection, 'nlctrl')).resolves.toBe(16)
  })

  it('does not find a family that does not exist', async () => {
    const families = new Families()
    await using connection = new Connection(() => KernelSocket.open(NETLINK_GENERIC))
    await expect(families.resolve(connection, 'no-such-thing')).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })

  it('gives the reason for refusing a name that is too long', async () => {
    const families = new Families()
    await using connection = new Connection(() => KernelSocket.open(NETLINK_GENERIC))
    await expect(families.resolve(connection, 'a-name-of-20-letters')).rejects.toMatchObject({
      code: 'EINVAL',
      extendedAck: { message: expect.any(String), offset: 20 },
    })
  })

  it('keeps 64 concurrent requests on one socket apart', async () => {
    await using connection = new Connection(() => KernelSocket.open(NETLINK_GENERIC))
    const families = new Families()
    const names = Array.from({ length: 64 }, (_, index) => (index % 2 ? 'nlctrl' : `nope${index}`))
    const ids = await Promise.all(
      names.map((name) =>
        families.resolveAnew(connection, name).catch((error: { code: string }) => error.code),
      ),
    )
    expect(ids).toEqual(names.map((name) => (name === 'nlctrl' ? 16 : 'ENOENT')))
  })
})
