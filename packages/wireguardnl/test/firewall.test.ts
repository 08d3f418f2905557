import { describe, expect, it } from '@jest/globals'
import { caught } from '../../../test-fixtures/caught.js'
import { FakeSystem } from '../../../test-fixtures/fakes/system.js'
import { describeWith } from '../../../test-fixtures/require.js'
import { NetlinkFirewall } from '../src/firewall/firewall.js'
import { describeFirewall } from './support/describe-firewall.js'
import { canMakeLinks, hasNft } from './support/requirements.js'

describeWith([canMakeLinks, hasNft], 'natively', describeFirewall)

describe('a firewall', () => {
  it('ends with the signal, and when it is closed', async () => {
    const firewall = new NetlinkFirewall(new FakeSystem().kernel)
    const signal = AbortSignal.abort()
    expect(await caught(firewall.tables({ signal }))).toMatchObject({ code: 'ABORT_ERR' })
    expect(await caught(firewall.deleteTunnel('wg0', { signal }))).toMatchObject({
      code: 'ABORT_ERR',
      device: 'wg0',
    })
    await firewall.close()
    await firewall.close()
    expect(await caught(firewall.tables())).toMatchObject({ code: 'EBADF' })
  })
})
