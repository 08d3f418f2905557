/**
 * Returns fast-check's parameters for `n` runs of a property, or ten times as many in
 * `npm run test:full`.
 */
export function runs(n: number): { readonly numRuns: number } {
  return { numRuns: process.env['WIREGUARD_TEST_FULL'] === '1' ? 10 * n : n }
}
