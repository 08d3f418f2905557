import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { publicKeyOf, sampleDevice, samplePeer } from '../../../../test-fixtures/sample.js'
import { runs } from '../../../../test-fixtures/runs.js'
import { TransferCounter, type TransferCounterJSON } from '../../src/state/transfer-counter.js'
import { thrown } from '../model/faults.js'

const KEY = publicKeyOf(1)
const peer = (receiveBytes: number, transmitBytes = 0, lastHandshake?: Date) =>
  samplePeer({ publicKey: KEY, receiveBytes, transmitBytes, lastHandshake })
const kernel = (index: number, receiveBytes: number) =>
  sampleDevice({ backend: 'kernel', index, peers: [peer(receiveBytes)] })
const device = (...peers: ReturnType<typeof peer>[]) => sampleDevice({ peers })

describe('TransferCounter', () => {
  it('counts all that the device has counted so far, then what is new', () => {
    const counter = new TransferCounter()
    expect(counter.update(device(peer(100, 7))).get(KEY)).toEqual({
      receiveDelta: 100,
      transmitDelta: 7,
      receiveTotal: 100,
      transmitTotal: 7,
      reset: false,
    })
    expect(counter.update(device(peer(150, 7))).get(KEY)).toEqual({
      receiveDelta: 50,
      transmitDelta: 0,
      receiveTotal: 150,
      transmitTotal: 7,
      reset: false,
    })
  })

  it.each([
    ['fewer bytes received', peer(100, 10), peer(30, 40), 130, 50],
    ['fewer bytes sent', peer(100, 10), peer(300, 4), 400, 14],
    ['no handshake any more', peer(100, 10, new Date(1)), peer(200, 20), 300, 30],
  ])('counts from zero after %s', (_, before, now, receiveTotal, transmitTotal) => {
    const counter = new TransferCounter()
    counter.update(device(before))
    const transfer = counter.update(device(now)).get(KEY)
    expect(transfer).toMatchObject({ receiveTotal, transmitTotal, reset: true })
  })

  it('counts from zero when the interface is another one', () => {
    const counter = new TransferCounter()
    counter.update(kernel(3, 100))
    expect(counter.update(kernel(4, 250)).get(KEY)).toMatchObject({
      receiveDelta: 250,
      receiveTotal: 350,
      reset: true,
    })
    expect(counter.update(kernel(4, 260)).get(KEY)).toMatchObject({ receiveDelta: 10 })
  })

  it('tells interfaces apart by what the caller knows', () => {
    const counter = new TransferCounter()
    counter.update(kernel(3, 100), 'boot 1')
    expect(counter.update(kernel(3, 250), 'boot 2').get(KEY)?.receiveTotal).toBe(350)
  })

  it('counts a peer from zero that was removed and added', () => {
    const counter = new TransferCounter()
    counter.update(device(peer(100)))
    expect(counter.update(device()).size).toBe(0)
    const transfer = counter.update(device(peer(120))).get(KEY)
    expect(transfer).toMatchObject({ receiveDelta: 120, receiveTotal: 220, reset: false })
  })

  it('counts interfaces of different names apart', () => {
    const counter = new TransferCounter()
    counter.update({ ...device(peer(100)), name: 'wg1' })
    expect(counter.update(device(peer(30))).get(KEY)?.receiveTotal).toBe(30)
  })

  it('forgets a peer or an interface', () => {
    const counter = new TransferCounter()
    const total = () => counter.update(device(peer(100))).get(KEY)?.receiveTotal
    counter.update(device(peer(100)))
    counter.update(device(peer(10)))
    expect(total()).toBe(200)
    counter.forget('wg0', KEY)
    expect(total()).toBe(100)
    counter.forget('wg0')
    counter.forget('wg9', KEY)
    expect(total()).toBe(100)
    expect(counter.toJSON().devices).toHaveProperty('wg0')
  })

  it('goes on after a restart of the process', () => {
    const steps = fc.array(fc.tuple(fc.nat(3), fc.nat(100), fc.boolean()), { maxLength: 20 })
    fc.assert(
      fc.property(steps, (updates) => {
        const counter = new TransferCounter()
        let restarted = new TransferCounter()
        for (const [index, bytes, isRemoved] of updates) {
          const now = isRemoved ? { ...kernel(index, bytes), peers: [] } : kernel(index, bytes)
          const text = JSON.stringify(restarted)
          restarted = new TransferCounter(JSON.parse(text) as TransferCounterJSON)
          expect(restarted.update(now)).toEqual(counter.update(now))
        }
      }),
      runs(100),
    )
  })

  it('has the sum of all differences as its total', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(1000))), (updates) => {
        const counter = new TransferCounter()
        let sum = 0
        for (const [index, bytes] of updates) {
          const transfer = counter.update(kernel(index, bytes)).get(KEY)!
          expect(transfer.receiveDelta).toBeGreaterThanOrEqual(0)
          sum += transfer.receiveDelta
          expect(transfer.receiveTotal).toBe(sum)
        }
      }),
      runs(100),
    )
  })

  const saved = {
    version: 1,
    devices: {
      wg0: {
        identity: 'kernel 3',
        peers: {
          [KEY]: {
            receiveTotal: 1,
            transmitTotal: 2,
            receiveBytes: 3,
            transmitBytes: 4,
            lastHandshake: null,
          },
        },
      },
    },
  }

  it('has no secret in its JSON, and the same form for ever', () => {
    expect(new TransferCounter(saved as TransferCounterJSON).toJSON()).toEqual(saved)
  })

  it.each([
    ['version', { ...saved, version: 2 }],
    ['version', {}],
    ['', []],
    ['', null],
    ['devices', { version: 1 }],
    ['devices.wg0', { version: 1, devices: { wg0: 5 } }],
    ['devices.wg0.identity', { version: 1, devices: { wg0: { peers: {} } } }],
    ['devices.wg0.peers[0].receiveTotal', withPeer({ receiveTotal: -1 })],
    ['devices.wg0.peers[0].lastHandshake', withPeer({ lastHandshake: 'x' })],
  ])('names what it cannot read: %s', (path, value) => {
    const error = thrown(() => new TransferCounter(value as never))
    expect(error).toMatchObject({ code: 'EINVAL', path: path === '' ? expect.anything() : path })
  })

  function withPeer(fields: object) {
    const peers = { [KEY]: { ...saved.devices.wg0.peers[KEY], ...fields } }
    return { version: 1, devices: { wg0: { identity: '', peers } } }
  }
})
