// What an editor shows to users is in the built declarations: every export of every public entry,
// and every member of it, has a comment, and the types that it mentions can be imported.
import { beforeAll, expect, it } from '@jest/globals'
import { describeWith } from '../../../../test-fixtures/require.js'
import { hasBin } from '../cli/bin.js'
import { type Declared, publicEntries, readDeclarations } from './declarations.js'
import { PACKAGES } from './packed-project.js'

describeWith(hasBin, 'the built declarations', () => {
  let exported: readonly Declared[]
  beforeAll(() => {
    exported = readDeclarations()
  })
  const partsOf = (entry: string) =>
    exported.filter((each) => each.entry === entry).flatMap(({ parts }) => parts)

  it('are read down to the members', () => {
    const names = partsOf('wireguard').map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['WireGuard', 'WireGuard.device', 'Peer.endpoint']),
    )
    expect(names).not.toContain('WireGuard.constructor')
    expect(names.filter((name) => name.includes('#'))).toEqual([])
    expect(partsOf('wireguard/conf').map(({ name }) => name)).toContain('Conf.get')
    expect(PACKAGES.flatMap(publicEntries)).not.toContain('wireguardcfg/internal')
  })

  it.each(PACKAGES.flatMap(publicEntries))('of %s have a comment for everything', (entry) => {
    const parts = partsOf(entry)
    expect(parts.length).toBeGreaterThan(0)
    expect(parts.filter(({ comment }) => !isComment(comment)).map(({ name }) => name)).toEqual([])
  })

  it.each(PACKAGES.flatMap(publicEntries))('of %s mention no type without a name', (entry) => {
    const found = exported.filter((each) => each.entry === entry)
    expect(found.flatMap(({ unnameable }) => unnameable)).toEqual([])
  })

  it('have an example for every method of the facade', () => {
    const missing = partsOf('wireguard')
      .filter(({ name, comment }) => /^WireGuard\.\w+$/.test(name) && !/@example\b/.test(comment))
      .map(({ name }) => name.slice('WireGuard.'.length))
    expect(missing).toEqual([])
  })
})

/** Whether a comment says something beside its tags. */
function isComment(comment: string): boolean {
  return /\w/.test(comment.replaceAll(/@(?:throws|example|see)\b.*$/gms, ''))
}
