import { describe, expect, it } from '@jest/globals'
import { caught } from '../../../test-fixtures/caught.js'
import { errorAck } from '../../../test-fixtures/fakes/kernel.js'
import { FakeSystem } from '../../../test-fixtures/fakes/system.js'
import { describeWith } from '../../../test-fixtures/require.js'
import { NetlinkFirewall } from '../src/firewall/firewall.js'
import { describeFirewall } from './support/describe-firewall.js'
import { canMakeLinks, hasNft } from './support/requirements.js'

describeWith([canMakeLinks, hasNft], 'natively', describeFirewall)

describe('a firewall', () => {
  it('says that the kernel has no nf_tables, which it tells in several ways', async () => {
    const codes = { EOPNOTSUPP: 95, EINVAL: 22 }
    for (const errno of Object.values(codes)) {
      const system = new FakeSystem({ answer: (request) => [errorAck(request, errno)] })
      await using firewall = new NetlinkFirewall(system.kernel)
      expect(await caught(firewall.tables())).toMatchObject({ code: 'EPROTONOSUPPORT' })
      expect(await caught(firewall.chains())).toMatchObject({ code: 'EPROTONOSUPPORT' })
    }
  })

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
