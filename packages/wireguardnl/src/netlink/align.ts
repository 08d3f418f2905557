// Messages and attributes are both aligned to 4: NLMSG_ALIGNTO and NLA_ALIGNTO of <linux/netlink.h>.

/**
 * Rounds a length up to the alignment of messages and attributes.
 *
 * `#define NLMSG_ALIGN(len) ( ((len)+NLMSG_ALIGNTO-1) & ~(NLMSG_ALIGNTO-1) )`
 *
 * For lengths below 2^31; a length field read from the wire is checked before it is aligned.
 */
export function align4(length: number): number {
  return (length + 3) & ~3
}
