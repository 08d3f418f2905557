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
