// Users paste private keys into the wrong place. No message of the command may repeat one.
import { describe, expect, it } from '@jest/globals'
import { mangledKeys, shows } from '../../../../test-fixtures/mangled-keys.js'
import { privateKeyOf } from '../../../../test-fixtures/sample.js'
import { commandFixture } from './fixture.js'
import { PLACES } from './places.js'

describe('a key in the place of', () => {
  const wg = commandFixture()

  it.each(PLACES)('a %s is hidden, however it is written', async (_, line) => {
    for (const [, mangled] of mangledKeys(privateKeyOf(7).bytes())) {
      const asked: string[] = []
      const lookup = (host: string) => {
        asked.push(host)
        return Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
      }
      const env = { WG_ENDPOINT_RESOLUTION_RETRIES: '0' }
      const { stdout, stderr } = await wg.run(line(mangled.text), { lookup, env })
      expect(shows(stdout + stderr + asked.join(' '), mangled)).toBe(false)
    }
  })
})
