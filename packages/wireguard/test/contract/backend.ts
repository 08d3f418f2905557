import { afterAll, beforeAll, beforeEach, describe } from '@jest/globals'
import { describeAllowedIPs } from './allowed-ips.js'
import { describeApplyConf } from './apply-conf.js'
import { describeCalls } from './calls.js'
import { describeInput } from './input.js'
import { describeOnePeer } from './one-peer.js'
import { describeReadAndWrite } from './read-write.js'
import type { Context, Subject, SubjectTraits } from './subject.js'

// A daemon says nothing while it works.
const PATIENTLY = { idleTimeout: 30_000 }

/** What every backend must do, in the same words for all. Each test starts from an empty device. */
export function describeBackend(
  title: string,
  traits: SubjectTraits,
  open: () => Promise<Subject>,
  timeout = 30_000,
): void {
  describe(`the backend contract: ${title}`, () => {
    let current: Subject | undefined
    const subject = (): Subject => {
      if (current === undefined) throw new Error('the subject is not open')
      return current
    }
    const context: Context = {
      traits,
      subject,
      read: () => subject().backend.device(subject().device, PATIENTLY),
      configure: (config) => subject().backend.configureDevice(subject().device, config, PATIENTLY),
    }

    beforeAll(async () => {
      current = await open()
    }, timeout)

    afterAll(async () => {
      await current?.[Symbol.asyncDispose]()
    }, timeout)

    beforeEach(async () => {
      await context.configure({
        privateKey: traits.ownKey ?? null,
        listenPort: 0,
        firewallMark: 0,
        replacePeers: true,
      })
    }, timeout)

    describeReadAndWrite(context, timeout)
    describeAllowedIPs(context, timeout)
    describeInput(context)
    describeCalls(context, timeout)
    describeApplyConf(context, timeout)
    describeOnePeer(context)
  })
}
