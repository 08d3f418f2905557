import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeSync } from 'node:fs'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { openDescriptors } from '../../../../test-fixtures/process.js'
import { DaemonLog } from '../../src/userspace/daemon-log.js'
import { script } from '../support/script.js'

/** Opens a log, writes a line as a daemon would, and returns what the log has kept. */
async function written(): Promise<string> {
  const log = await DaemonLog.open()
  if (log.stdio !== 'ignore') writeSync(log.stdio, 'no such device\n')
  log.closePipe()
  return await log.text()
}

describe('the output of a daemon', () => {
  const { PATH } = process.env
  let directory: TemporaryDirectory
  beforeEach(async () => {
    directory = await temporaryDirectory()
  })
  afterEach(async () => {
    process.env['PATH'] = PATH
    await directory[Symbol.asyncDispose]()
  })

  it('is kept without a descriptor that stays', async () => {
    const before = openDescriptors()
    expect(await written()).toBe('no such device')
    expect(openDescriptors()).toBe(before)
  })

  it.each(['mkfifo', 'tail'])('is given up without a trace when %s fails', async (program) => {
    await script(directory.path, program, `PATH='${PATH}'`, 'exit 1')
    process.env['PATH'] = `${directory.path}:${PATH}`
    const before = openDescriptors()
    expect(await written()).toBe('')
    expect(openDescriptors()).toBe(before)
  })
})
