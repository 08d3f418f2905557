/** By release: whether single allowed IPs are removed by WGALLOWEDIP_F_REMOVE_ME, as a kernel has shown. */
const learnt = new Map<string, boolean>()

/** Whether this kernel is worth asking to remove single allowed IPs: it has done so, or is of Linux 6.16 or later. */
export function mayRemoveAllowedIPs(release: string): boolean {
  const known = learnt.get(release)
  if (known !== undefined) return known
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? []
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 16)
}

/** Remembers what a kernel has shown, for the whole process: releases before 6.16 may have it, and others may lack it. */
export function learnRemoval(release: string, supported: boolean): void {
  learnt.set(release, supported)
}

/** Whether a kernel has shown that it can: what it refuses then is something else. */
export function provedRemoval(release: string): boolean {
  return learnt.get(release) === true
}
