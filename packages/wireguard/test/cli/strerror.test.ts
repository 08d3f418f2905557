import { expect, it } from '@jest/globals'
import { WireGuardError } from 'wireguardcfg'
import { strerror } from '../../src/cli/strerror.js'

const denied = (code: string) => {
  const cause = Object.assign(new Error('connect'), { code })
  return new WireGuardError('no permission', { code: 'EPERM', cause })
}

it('tells the permission of a file from a capability, as wg', () => {
  expect(strerror(denied('EACCES'))).toBe('Permission denied')
  expect(strerror(new WireGuardError('x', { code: 'EPERM', cause: denied('EACCES') }))).toBe(
    'Permission denied',
  )
  expect(strerror(denied('EPERM'))).toBe('Operation not permitted')
  expect(strerror(new WireGuardError('x', { code: 'EPERM' }))).toBe('Operation not permitted')
})
