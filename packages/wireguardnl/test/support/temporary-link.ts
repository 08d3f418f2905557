import { NETLINK_ROUTE } from '../../src/netlink/constants.js'
import { Connection } from '../../src/netlink/connection.js'
import { createLink } from '../../src/route/link-requests.js'
import { type KernelHandle, kernelOf } from '../../src/wireguard/kernel.js'

/** Makes a veth, and its other end, in a namespace: every kernel has that kind. */
export async function addVeth(kernel: KernelHandle, name: string, mtu?: number): Promise<void> {
  await using connection = new Connection(() => kernelOf(kernel).open(NETLINK_ROUTE))
  await createLink(connection, { name, kind: 'veth', mtu })
}
