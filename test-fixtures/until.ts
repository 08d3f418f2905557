import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for something that happens by itself; rejects after ten seconds. */
export async function until(condition: () => boolean, what = String(condition)): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); await sleep(2)) {
    if (Date.now() > end) throw new Error(`waited ten seconds: ${what}`)
  }
}
