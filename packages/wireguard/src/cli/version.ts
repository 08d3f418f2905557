import { readFileSync } from 'node:fs'

/** Returns the version of this package. */
export function version(): string {
  return versionIn(new URL('../../package.json', import.meta.url))
}

/** Returns the version of a package. */
export function versionIn(manifestFile: string | URL): string {
  const manifest: unknown = JSON.parse(readFileSync(manifestFile, 'utf8'))
  const found =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : undefined
  return typeof found === 'string' ? found : 'unknown'
}
