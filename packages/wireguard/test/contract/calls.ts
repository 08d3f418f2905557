import { describe, expect, it } from '@jest/globals'
import { publicKeyOf, samplePeers, sorted } from '../../../../test-fixtures/sample.js'
import type { Context } from './subject.js'

/** Abort, deadlines, many calls at once, and the end of a backend. */
export function describeCalls({ subject, read }: Context, timeout: number): void {
  describe('calls', () => {
    it('are refused with a signal that is aborted already, and change nothing', async () => {
      const { backend, device } = subject()
      const reason = new Error('changed my mind')
      const signal = AbortSignal.abort(reason)
      const expected = { name: 'AbortError', code: 'ABORT_ERR', cause: reason }
      await expect(backend.device(device, { signal })).rejects.toMatchObject(expected)
      await expect(backend.deviceNames({ signal })).rejects.toMatchObject(expected)
      await expect(
        backend.configureDevice(device, { firewallMark: 9 }, { signal }),
      ).rejects.toMatchObject(expected)
      expect((await read()).firewallMark).toBe(0)
    })

    it(
      'end when they are aborted, and the next one works',
      async () => {
        const { backend, device } = subject()
        await backend.configureDevice(device, { peers: samplePeers(300) })
        const controller = new AbortController()
        const calls = [
          backend.device(device, { signal: controller.signal }),
          backend.configureDevice(
            device,
            { peers: samplePeers(300) },
            { signal: controller.signal },
          ),
        ]
        controller.abort()
        for (const result of await Promise.allSettled(calls)) {
          // It may have been complete before the abort was seen, but it may not fail in any other
          // way.
          if (result.status === 'rejected') {
            expect(result.reason).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
          }
        }
        expect((await read()).peers.length).toBe(300)
      },
      timeout,
    )

    it('leave no listener on the signal', async () => {
      const { backend, device } = subject()
      const { signal } = new AbortController()
      let listeners = 0
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        listeners++
        add(...args)
      }
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners--
        remove(...args)
      }
      await backend.device(device, { signal })
      await backend.configureDevice(device, { firewallMark: 1 }, { signal })
      expect(listeners).toBe(0)
    })

    it(
      'are many at once, on one client',
      async () => {
        const { backend, device } = subject()
        await backend.configureDevice(device, { peers: samplePeers(5) })
        const expected = sorted(await read())
        const devices = await Promise.all(Array.from({ length: 200 }, () => backend.device(device)))
        for (const result of devices) expect(sorted(result)).toStrictEqual(expected)
      },
      timeout,
    )

    it(
      'take effect in the order in which they were made',
      async () => {
        const { backend, device } = subject()
        await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            backend.configureDevice(device, {
              firewallMark: i + 1,
              peers: [{ publicKey: publicKeyOf(1), persistentKeepalive: i + 1 }],
            }),
          ),
        )
        expect(await read()).toMatchObject({
          firewallMark: 50,
          peers: [{ persistentKeepalive: 50 }],
        })
      },
      timeout,
    )

    it('end with close, and later ones say that the backend is closed', async () => {
      const backend = await subject().open()
      const { device } = subject()
      await backend.device(device)
      await backend.close()
      await backend.close()
      await expect(backend.device(device)).rejects.toMatchObject({ code: 'EBADF' })
      await expect(backend.configureDevice(device, {})).rejects.toMatchObject({ code: 'EBADF' })
    })
  })
}
