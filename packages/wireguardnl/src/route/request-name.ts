import * as route from './constants.js'

/** Returns the kernel's name of a request to rtnetlink, `RTM_GETLINK`, or its number. */
export function routeRequestName(type: number): string {
  const found = Object.entries(route).find(
    ([name, number]) => name.startsWith('RTM_') && number === type,
  )
  return found?.[0] ?? String(type)
}
