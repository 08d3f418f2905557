// What `npm run fuzz` found once, and the inputs that it begins with.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Runner } from '../fuzz/bounds.js'
import { readRegressions } from '../fuzz/regressions.js'
import type { Session, Value } from '../fuzz/target.js'
import { TARGETS } from '../fuzz/targets.js'

describe.each(TARGETS)('the target $name', ({ name, seeds, open }) => {
  let session: Session<Value>
  let runner: Runner
  beforeAll(async () => {
    session = await open()
    runner = new Runner(session)
  })
  afterAll(async () => {
    runner.close()
    await session.close?.()
  })

  it('does not fail any more with what failed once', async () => {
    for (const { name: fault, input } of readRegressions(name)) {
      await expect(runner.run(input).then(() => fault)).resolves.toBe(fault)
    }
  })

  it('begins with real inputs', async () => {
    const real = seeds()
    expect(real.length).toBeGreaterThan(0)
    for (const input of real) await runner.run(input)
  })
})
