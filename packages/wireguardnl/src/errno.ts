// The names of errno values. Node's own list lacks some that netlink uses.

import { constants } from 'node:os'

const names = new Map<number, string>()
for (const [name, errno] of Object.entries(constants.errno)) {
  if (!names.has(errno)) names.set(errno, name)
}
if (process.platform === 'linux') {
  // From <asm-generic/errno.h>, with the names that are documented for sockets where one value has
  // two.
  names.set(11, 'EAGAIN')
  names.set(53, 'EBADR')
  names.set(64, 'ENONET')
  names.set(95, 'EOPNOTSUPP')
  names.set(96, 'EPFNOSUPPORT')
}

/** The POSIX name of an errno: 19 is 'ENODEV'; 'UNKNOWN' when it has none here. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? 'UNKNOWN'
}

/** What an errno means, in words: 19 is 'no such device'; 'errno 255' when that is not known. */
export function errnoText(errno: number): string {
  const { getSystemErrorMap } = process.getBuiltinModule('node:util')
  return getSystemErrorMap().get(-errno)?.[1] ?? `errno ${errno}`
}
