import { describe, expect, it } from '@jest/globals'
import { PassThrough, Writable } from 'node:stream'
import { turns } from '../../../../test-fixtures/wait.js'
import { ClosedPipeError, Output } from '../../src/cli/output.js'

describe('Output', () => {
  it('waits while the reader is slow, and loses nothing', async () => {
    const stream = new PassThrough({ highWaterMark: 1024 })
    const output = new Output(() => stream)
    let isWritten = false
    const writing = output.write('x'.repeat(100_000)).then(() => (isWritten = true))
    await turns()
    expect(isWritten).toBe(false)
    let length = 0
    stream.on('data', (chunk: Buffer) => (length += chunk.byteLength))
    await writing
    for (let i = 0; i < 20; i++) await output.write('x'.repeat(100_000))
    await output.close()
    expect(length).toBe(2_100_000)
    // It has had to wait each time, and each time took its listeners off again.
    output.release()
    for (const event of ['close', 'drain']) expect(stream.listenerCount(event)).toBeLessThan(2)
  })

  it.each(['EPIPE', 'ECONNRESET'])(
    'reports that the reader closed the pipe after %s',
    async (code) => {
      const stream = new Writable({
        write: (_chunk, _encoding, done) => done(Object.assign(new Error('closed'), { code })),
      })
      const output = new Output(() => stream)
      await output.write('text')
      await expect(output.close()).rejects.toBeInstanceOf(ClosedPipeError)
    },
  )

  it('also reports it when the reader closes the pipe while it waits', async () => {
    const stream = new PassThrough({ highWaterMark: 1 })
    const output = new Output(() => stream)
    const writing = output.write('x'.repeat(100_000))
    await turns()
    stream.destroy(Object.assign(new Error('closed'), { code: 'EPIPE' }))
    await expect(writing).rejects.toBeInstanceOf(ClosedPipeError)
  })

  it('reports any other error in the words of the system', async () => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    })
    const output = new Output(() => stream)
    await output.write('text')
    await expect(output.close()).rejects.toMatchObject({
      code: 'ENOSPC',
      message: 'write: No space left on device',
    })
  })

  it('reports a stream that cannot be opened', async () => {
    const output = new Output(() => {
      throw Object.assign(new Error('too many'), { code: 'EMFILE' })
    })
    await output.write('text')
    await expect(output.close()).rejects.toMatchObject({ message: 'write: Too many open files' })
  })

  it('of messages ignores every error but a closed pipe, which ends the command', async () => {
    for (const code of ['ENOSPC', 'EIO']) {
      const output = new Output(() => failing(code), true)
      await output.write('text')
      await output.close()
    }
    const output = new Output(() => failing('EPIPE'), true)
    await output.write('text')
    await expect(output.close()).rejects.toBeInstanceOf(ClosedPipeError)
  })

  it('does not open the stream when nothing is written, and leaves no listener', async () => {
    let opened = 0
    const stream = new PassThrough().resume()
    const output = new Output(() => {
      opened++
      return stream
    })
    await output.close()
    expect(opened).toBe(0)
    await output.write('text')
    await output.close()
    output.release()
    expect(stream.listenerCount('error')).toBe(0)
    expect(stream.listenerCount('drain')).toBe(0)
  })
})

function failing(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
  })
}
