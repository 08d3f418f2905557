// The names of errno values. Node's own list lacks some that netlink uses.

import { constants } from 'node:os'

const names = new Map<number, string>()
for (const [name, errno] of Object.entries(constants.errno)) {
  if (!names.has(errno)) names.set(errno, name)
}
if (process.platform === 'linux') {
  // From <asm-generic/errno.h>. Where a value has two names, the one that is documented for
  // sockets.
  names.set(11, 'EAGAIN')
  names.set(53, 'EBADR')
  names.set(64, 'ENONET')
  names.set(95, 'EOPNOTSUPP')
  names.set(96, 'EPFNOSUPPORT')
}

/**
 * Returns the POSIX name of an errno: 'ENODEV' for 19, 'UNKNOWN' for an errno without a name here.
 */
export function errnoName(errno: number): string {
  return names.get(errno) ?? 'UNKNOWN'
}

/**
 * Returns the meaning of an errno in words: 'no such device' for 19, 'errno 255' for an unknown
 * one.
 */
export function errnoText(errno: number): string {
  const { getSystemErrorMap } = process.getBuiltinModule('node:util')
  return getSystemErrorMap().get(-errno)?.[1] ?? `errno ${errno}`
}
