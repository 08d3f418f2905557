/** The highest number of peers of a device: the kernel's own limit (`MAX_PEERS_PER_DEVICE`). */
export const MOST_PEERS = 2 ** 20

/**
 * The highest number of allowed IPs of a device, or of a configuration, where those to remove count
 * as well. The kernel has no such limit; the whole internet has some 1.2 million prefixes.
 */
export const MOST_ALLOWED_IPS = 2 ** 21
