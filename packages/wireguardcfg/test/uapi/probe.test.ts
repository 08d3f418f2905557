import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWith } from '../../../../test-fixtures/require.js'
import { callDeadline } from '../../src/backend/call.js'
import { probeSocket } from '../../src/uapi/probe.js'
import { rejected } from '../model/faults.js'
import { withoutPrivileges } from '../../../../test-fixtures/process.js'
import { isRoot } from '../support/root.js'

let directory: string
let server: Server | undefined
const path = () => join(directory, 'wg0.sock')

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'probe-'))
  server = undefined
})
afterEach(async () => {
  server?.close()
  await rm(directory, { recursive: true })
})

async function listen(): Promise<Server> {
  server = createServer((socket) => socket.destroy()).listen(path())
  await once(server, 'listening')
  return server
}

describe('probeSocket', () => {
  it('finds a program that listens', async () => {
    await listen()
    expect(await probeSocket(path())).toBe('live')
  })

  it('finds that nothing is there', async () => {
    expect(await probeSocket(path())).toBe('absent')
  })

  it('finds that nothing listens', async () => {
    await writeFile(path(), '')
    expect(await probeSocket(path())).toBe('stale')
  })

  it('fails as the system does', async () => {
    await symlink(path(), path())
    await expect(probeSocket(path())).rejects.toMatchObject({ code: 'ELOOP' })
  })

  it('ends with the deadline of its caller', async () => {
    await listen()
    using call = callDeadline({ operation: 'read device' }, { signal: undefined })
    expect(await probeSocket(path(), call)).toBe('live')
    const controller = new AbortController()
    using aborted = callDeadline({ operation: 'read device' }, { signal: controller.signal })
    controller.abort()
    expect(await rejected(probeSocket(path(), aborted))).toMatchObject({ code: 'ABORT_ERR' })
  })

  describeWith(isRoot, 'without permission', () => {
    it('finds that it may not connect', async () => {
      await listen()
      await chmod(directory, 0o755)
      await chmod(path(), 0o600)
      expect(await withoutPrivileges(() => probeSocket(path()))).toBe('denied')
    })
  })
})
