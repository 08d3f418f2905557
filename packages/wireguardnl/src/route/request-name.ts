import { constantName } from '../netlink/constant-name.js'
import * as route from './constants.js'

/** Returns the kernel's name of a request to rtnetlink, `RTM_GETLINK`, or its number. */
export function routeRequestName(type: number): string {
  return constantName({ ...route }, ['RTM_NEW', 'RTM_DEL', 'RTM_GET', 'RTM_SET'], type)
}
