import { expect, it } from '@jest/globals'
import { NetlinkLinks } from '../../src/links/links.js'
import { NetlinkClient } from '../../src/wireguard/client.js'

it.each([{}, { release: '6.12.48', namespace: '4:4026531840' }, 'vpn', null])(
  'a client refuses %j, which kernelIn did not make',
  (kernel) => {
    const fault = expect.objectContaining({ code: 'EINVAL', hint: 'Use kernelIn to make one' })
    expect(() => new NetlinkClient(kernel as never)).toThrow(fault)
    expect(() => new NetlinkLinks(kernel as never)).toThrow(fault)
  },
)
