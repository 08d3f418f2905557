import { expect, it } from '@jest/globals'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { hasPing, runWithNamespaces } from '../support/example.js'

// The built packages run, as users run them; `npm test` builds first.
describeWith([hasKernelWireGuard, hasPing], 'the example with two namespaces', () => {
  it('pings through the tunnel, and leaves nothing', async () => {
    const { stdout, stderr, code } = await runWithNamespaces('two-namespaces.mjs')
    expect({ stderr, code }).toStrictEqual({ stderr: '', code: 0 })
    expect(stdout).toMatch(/3 (?:packets )?received, 0% packet loss/)
    expect(stdout.split('\n---\n')[1]).toMatch(/^(?:lo .*\n){3}$/)
  })
})
