import { expect } from '@jest/globals'
import { SecretKey } from 'wireguardcfg'

// Two different secrets look equal to a structural comparison, because their bytes are private:
// compare them for real.
expect.addEqualityTesters([
  (a: unknown, b: unknown) => {
    const secrets = Number(a instanceof SecretKey) + Number(b instanceof SecretKey)
    if (secrets === 0) return undefined
    return secrets === 2 && (a as SecretKey).equals(b)
  },
])

// swc's helper for `using` throws this when a block failed, and the disposal after it too. swc
// renames the declaration in that helper, but not its use (swc-project/swc#12006): the use finds
// this class. Jest prints `errors`: first what the test threw, then what the disposal threw.
Object.assign(globalThis, {
  _SuppressedError: class extends AggregateError {
    readonly error: unknown
    readonly suppressed: unknown

    constructor(error: unknown, suppressed: unknown, message: string) {
      super([suppressed, error], message)
      this.name = 'SuppressedError'
      this.error = error
      this.suppressed = suppressed
    }
  },
})
