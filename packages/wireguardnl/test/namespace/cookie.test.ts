import { expect, it } from '@jest/globals'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { describeWith, hasNamespaces } from '../../../../test-fixtures/require.js'
import { kernelIn, namespaceCookie, openNamespace } from '../../src/index.js'

describeWith(hasNamespaces, 'the cookie of a namespace', () => {
  it('is that of no other one, and stays', async () => {
    await using space = await TestNamespace.create()
    using namespace = openNamespace(space.path)
    using again = openNamespace(space.path)
    const cookie = namespaceCookie(kernelIn(namespace))
    expect(cookie).toBeGreaterThan(0n)
    expect(namespaceCookie(kernelIn(again))).toBe(cookie)
    expect(namespaceCookie()).not.toBe(cookie)
    expect(namespaceCookie()).toBe(namespaceCookie())
  })

  it('cannot be read of one that is closed', async () => {
    await using space = await TestNamespace.create()
    const namespace = openNamespace(space.path)
    namespace.close()
    expect(() => namespaceCookie(kernelIn(namespace))).toThrow(
      expect.objectContaining({ code: 'EBADF', operation: 'read namespace' }),
    )
  })
})
