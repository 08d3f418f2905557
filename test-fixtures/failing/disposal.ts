// Not a test of this project: packages/wireguardcfg/test/disposal.test.ts runs it, to see how a
// failure is reported.
import { it } from '@jest/globals'

// oxlint-disable-next-line jest/expect-expect
it('fails, and so does the disposal after it', async () => {
  await using resource = {
    [Symbol.asyncDispose]: () => Promise.reject(new Error('the disposal failed')),
  }
  throw new Error(`the test failed with ${typeof resource}`)
})
