import { describe, expect, it } from '@jest/globals'
import type { CallOptions, DeviceConfig } from 'wireguardcfg'
import { publicKeyOf, samplePeers, sorted } from '../../../../test-fixtures/sample.js'
import type { Context } from './subject.js'

/** Abort, deadlines, many calls at once, and the end of a backend. */
export function describeCalls({ traits, subject, read }: Context, timeout: number): void {
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
      'run many at once on one client',
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

  describe('a write that waits for another one', () => {
    it(
      'does not time out while the calls before it make progress, however long they take',
      async () => {
        const { backend, device } = subject()
        const config = { replacePeers: true, peers: samplePeers(300) }
        let [idleTimeout, writes] = [250, 0]
        const begin = performance.now()
        for (let now = begin; now - begin < 4 * idleTimeout; writes++) {
          await backend.configureDevice(device, config)
          const end = performance.now()
          // Not less than a single one takes on this machine.
          idleTimeout = Math.max(idleTimeout, 3 * (end - now))
          now = end
        }
        const before = Array.from({ length: writes }, () => backend.configureDevice(device, config))
        const waiting = backend.configureDevice(device, { firewallMark: 7 }, { idleTimeout })
        await Promise.all([...before, waiting])
        expect((await read()).firewallMark).toBe(7)
      },
      timeout,
    )

    if (!traits.canStall) return

    it('times out after its own idle time when that is stuck, and has no effect', async () => {
      const { backend, device, stall } = subject()
      let stuck: Promise<void>
      {
        await using _ = await stall!()
        stuck = backend.configureDevice(device, { listenPort: 51_001 }, { idleTimeout: 0 })
        await expect(
          backend.configureDevice(device, { firewallMark: 1 }, { idleTimeout: 50 }),
        ).rejects.toMatchObject({ name: 'WireGuardError', code: 'ETIMEDOUT', applied: undefined })
      }
      await stuck
      expect(await read()).toMatchObject({ listenPort: 51_001, firewallMark: 0 })
    })

    it('times out after its own whole time too, and has no effect', async () => {
      const { backend, device, stall } = subject()
      let stuck: Promise<void>
      {
        await using _ = await stall!()
        stuck = backend.configureDevice(device, { listenPort: 51_001 }, { idleTimeout: 0 })
        const options = { idleTimeout: 0, timeout: 50 }
        const late = { code: 'ETIMEDOUT', applied: undefined, device }
        await expect(
          backend.configureDevice(device, { firewallMark: 1 }, options),
        ).rejects.toMatchObject(late)
      }
      await stuck
      expect(await read()).toMatchObject({ listenPort: 51_001, firewallMark: 0 })
    })

    it('rejects at once when it is aborted, and leaves its place to the next one', async () => {
      const { backend, device, stall } = subject()
      const controller = new AbortController()
      const { signal } = controller
      const order: string[] = []
      const write = async (name: string, config: DeviceConfig, options: CallOptions) => {
        await backend.configureDevice(device, config, options).catch(({ code }) => {
          order.push(code)
        })
        order.push(name)
      }
      let writes: Promise<void>[]
      {
        await using _ = await stall!()
        writes = [
          write('first', { listenPort: 51_002 }, { idleTimeout: 0 }),
          write('aborted', { firewallMark: 2, listenPort: 51_003 }, { signal, idleTimeout: 0 }),
          write('next', { peers: samplePeers(1) }, { idleTimeout: 0 }),
        ]
        controller.abort()
        await writes[1]
        order.push('the stall ends')
      }
      await Promise.all(writes)
      expect(order).toEqual(['ABORT_ERR', 'aborted', 'the stall ends', 'first', 'next'])
      expect(await read()).toMatchObject({ listenPort: 51_002, firewallMark: 0 })
      expect((await read()).peers).toHaveLength(1)
    })

    it('is not failed by the failure of that one', async () => {
      const { backend, device, stall } = subject()
      let waiting: Promise<void>
      {
        await using _ = await stall!()
        const first = backend.configureDevice(device, { listenPort: 51_004 }, { idleTimeout: 50 })
        waiting = backend.configureDevice(device, { firewallMark: 4 }, { idleTimeout: 0 })
        await expect(first).rejects.toMatchObject({ code: 'ETIMEDOUT', applied: 'unknown' })
      }
      await waiting
      expect((await read()).firewallMark).toBe(4)
    })
  })
}
