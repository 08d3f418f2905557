/** Returns the name of a constant with one of these prefixes and this value, or the value. */
export function constantName(
  constants: Readonly<Record<string, unknown>>,
  prefixes: readonly string[],
  value: number,
): string {
  const found = Object.entries(constants).find(
    ([name, number]) => number === value && prefixes.some((prefix) => name.startsWith(prefix)),
  )
  return found?.[0] ?? String(value)
}
