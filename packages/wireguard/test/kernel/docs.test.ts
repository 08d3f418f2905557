import { expect, it } from '@jest/globals'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { examplesOf, PAGES } from '../support/documents.js'
import { faultsOf } from '../support/example.js'

const pages = PAGES.filter((page) => examplesOf(page).some(({ tier }) => tier !== ''))

// The built packages run, as users run them; `npm test` builds first.
describeWith(hasKernelWireGuard, 'the examples that need interfaces, on a kernel', () => {
  it.each(pages)('of %s run', async (page) => {
    expect(await faultsOf(page, ['root', 'kernel'], 'machine')).toEqual([])
  })
})
