import { constantName } from '../netlink/constant-name.js'
import * as nft from './constants.js'

/** Returns the kernel's name of a request to nf_tables, `NFT_MSG_GETTABLE`, or its number. */
export function nftRequestName(type: number): string {
  return constantName({ ...nft }, ['NFT_MSG_', 'NFNL_MSG_'], type)
}
