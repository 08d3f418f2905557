import { describe, expect, it } from '@jest/globals'
import type { Endpoint } from 'wireguardcfg'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { KeptPeer, type PeerView } from '../../src/keep/kept-peer.js'

const SECOND = 1000
const STALE = 135 * SECOND
const at = (host: string): Endpoint => ({ host, port: 51820 })
const [FIRST, SECOND_ONE, ROAMED] = [at('192.0.2.1'), at('2001:db8::1'), at('198.51.100.9')]

/** A peer whose last handshake was at 0, and what the keeper makes of it. */
class Scene {
  readonly kept = new KeptPeer(
    { publicKey: publicKeyOf(1), host: 'vpn.example', port: 51820 },
    STALE,
  )
  view: PeerView = { endpoint: FIRST, transmitBytes: 0, bornAt: 0, now: 0 }

  constructor(view: Partial<PeerView> = {}) {
    this.set(view)
  }

  set(view: Partial<PeerView>): this {
    this.view = { ...this.view, ...view }
    return this
  }

  /** Lets it look: returns `not due`, `nothing`, or the host that is written. */
  look(now: number, answer: readonly Endpoint[] = [FIRST]): string {
    this.set({ now })
    if (!this.kept.isDue(this.view)) return 'not due'
    const chosen = this.kept.choose(answer, this.view)
    if (chosen !== undefined) this.set({ endpoint: chosen })
    return chosen?.host ?? 'nothing'
  }
}

describe('a peer whose endpoint is a name', () => {
  it('is left alone while it is live, roamed or not', () => {
    const scene = new Scene({ endpoint: ROAMED })
    expect(scene.look(STALE, [FIRST])).toBe('not due')
  })

  it('goes back to what its name says when it is stale', () => {
    const scene = new Scene({ endpoint: ROAMED })
    expect(scene.look(STALE + 1, [FIRST])).toBe(FIRST.host)
  })

  it('gets nothing when it has the address already, and is asked for less and less often', () => {
    const scene = new Scene()
    const looks: number[] = []
    for (let now = STALE + 1; now < STALE + 1500 * SECOND; now += SECOND) {
      if (scene.look(now) === 'nothing') looks.push(now - STALE - 1)
    }
    const gaps = looks.slice(1).map((time, i) => (time - looks[i]!) / SECOND)
    for (const [i, gap] of gaps.entries()) {
      const expected = Math.min(30 * 2 ** i, 300)
      expect(gap).toBeGreaterThanOrEqual(expected * 0.9)
      expect(gap).toBeLessThanOrEqual(expected * 1.1 + 1)
    }
    expect(gaps.length).toBeGreaterThan(5)
  })

  it('follows its name at the next lookup after the answer changed', () => {
    const scene = new Scene()
    expect(scene.look(STALE + 1)).toBe('nothing')
    expect(scene.look(STALE + 40 * SECOND, [SECOND_ONE])).toBe(SECOND_ONE.host)
    // The back-off begins again.
    expect(scene.look(STALE + 56 * SECOND, [SECOND_ONE])).toBe('nothing')
    expect(scene.look(STALE + 90 * SECOND, [SECOND_ONE])).toBe('nothing')
  })

  it('tries the next address only when something was sent in vain', () => {
    const scene = new Scene()
    const both = [FIRST, SECOND_ONE]
    expect(scene.look(STALE + 1, both)).toBe('nothing')
    expect(scene.look(STALE + 40 * SECOND, both)).toBe('nothing')
    scene.set({ transmitBytes: 148 })
    expect(scene.look(STALE + 120 * SECOND, both)).toBe(SECOND_ONE.host)
    // 15 seconds for an answer, and then back, if it is still needed.
    scene.set({ transmitBytes: 296 })
    expect(scene.look(STALE + 130 * SECOND, both)).toBe('not due')
    expect(scene.look(STALE + 136 * SECOND, both)).toBe(FIRST.host)
    expect(scene.look(STALE + 152 * SECOND, both)).toBe('nothing')
  })

  it('gets the address of its name once when it is idle and something else moves it', () => {
    const scene = new Scene({ endpoint: ROAMED })
    expect(scene.look(STALE + 1)).toBe(FIRST.host)
    scene.set({ endpoint: ROAMED })
    expect(scene.look(STALE + 20 * SECOND)).toBe('nothing')
    scene.set({ transmitBytes: 148 })
    expect(scene.look(STALE + 80 * SECOND)).toBe(FIRST.host)
  })

  it('begins again after a handshake', () => {
    const scene = new Scene()
    expect(scene.look(STALE + 1)).toBe('nothing')
    expect(scene.set({ bornAt: STALE }).look(STALE + 60 * SECOND)).toBe('not due')
    scene.set({ endpoint: ROAMED })
    expect(scene.look(2 * STALE + 1)).toBe(FIRST.host)
  })

  it('without a handshake is overdue after the same time, and at once without an endpoint', () => {
    const scene = new Scene({ bornAt: undefined })
    expect(scene.look(7 * SECOND)).toBe('not due')
    expect(scene.look(7 * SECOND + STALE)).toBe('not due')
    expect(scene.look(7 * SECOND + STALE + 1)).toBe('nothing')
    expect(new Scene({ bornAt: undefined, endpoint: undefined }).look(0)).toBe(FIRST.host)
  })

  it('waits longer after each failure', () => {
    const scene = new Scene({ now: STALE + 1 })
    expect(scene.kept.isDue(scene.view)).toBe(true)
    scene.kept.fail(STALE + 1, true)
    expect(scene.look(STALE + 26 * SECOND)).toBe('not due')
    expect(scene.look(STALE + 35 * SECOND)).toBe('nothing')
  })

  it('without an endpoint does not wait for long after the first failures', () => {
    const scene = new Scene({ bornAt: undefined, endpoint: undefined })
    for (const [i, delay] of [2, 4, 8, 16].entries()) {
      const now = i * 1000 * SECOND
      scene.kept.fail(now, false)
      expect(scene.kept.isDue({ ...scene.view, now: now + 0.8 * delay * SECOND })).toBe(false)
      expect(scene.kept.isDue({ ...scene.view, now: now + 1.2 * delay * SECOND })).toBe(true)
    }
  })
})
