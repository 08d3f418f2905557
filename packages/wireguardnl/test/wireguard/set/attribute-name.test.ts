import { describe, expect, it } from '@jest/globals'
import { AttributeWriter } from '../../../src/netlink/attribute-writer.js'
import { attributeName } from '../../../src/wireguard/set/attribute-name.js'
import * as wg from '../../../src/wireguard/constants.js'

const NLMSG_HDRLEN = 16

describe('attributeName', () => {
  const at: Record<string, number> = {}
  const writer = new AttributeWriter().raw(Uint8Array.of(1, 1, 0, 0))
  const mark = (name: string) => {
    at[name] = NLMSG_HDRLEN + writer.length
    return writer
  }
  mark('name').string(wg.WGDEVICE_A_IFNAME, 'wg0')
  mark('unknown').u32(99, 1)
  mark('peers').nested(wg.WGDEVICE_A_PEERS, () => {
    writer.nested(0, () => writer.blob(wg.WGPEER_A_PUBLIC_KEY, new Uint8Array(32)))
    mark('peer').nested(0, () => {
      mark('key').blob(wg.WGPEER_A_PUBLIC_KEY, new Uint8Array(32))
      mark('list').nested(wg.WGPEER_A_ALLOWEDIPS, () => {
        mark('allowed IP').nested(0, () => {
          mark('family').u16(wg.WGALLOWEDIP_A_FAMILY, 2)
          mark('flags').u32(wg.WGALLOWEDIP_A_FLAGS, 1)
        })
      })
    })
  })
  const payload = writer.bytes()

  it.each([
    ['name', 'WGDEVICE_A_IFNAME'],
    ['unknown', 'attribute 99'],
    ['peers', 'WGDEVICE_A_PEERS'],
    ['peer', 'WGDEVICE_A_PEERS[1]'],
    ['key', 'WGDEVICE_A_PEERS[1].WGPEER_A_PUBLIC_KEY'],
    ['list', 'WGDEVICE_A_PEERS[1].WGPEER_A_ALLOWEDIPS'],
    ['allowed IP', 'WGDEVICE_A_PEERS[1].WGPEER_A_ALLOWEDIPS[0]'],
    ['family', 'WGDEVICE_A_PEERS[1].WGPEER_A_ALLOWEDIPS[0].WGALLOWEDIP_A_FAMILY'],
    ['flags', 'WGDEVICE_A_PEERS[1].WGPEER_A_ALLOWEDIPS[0].WGALLOWEDIP_A_FLAGS'],
  ])('finds the place of %s', (place, expected) => {
    expect(attributeName(payload, at[place]!)).toBe(expected)
  })

  it('returns nothing, and reads nothing, for every offset outside', () => {
    for (const offset of [0, 15, 19, NLMSG_HDRLEN + payload.length, 2 ** 32 - 1]) {
      expect(attributeName(payload, offset)).toBeUndefined()
    }
  })

  it('has an answer for every offset', () => {
    for (let offset = 20; offset < NLMSG_HDRLEN + payload.length; offset++) {
      expect(attributeName(payload, offset)).toMatch(/^(WGDEVICE_A_|attribute 99)/)
    }
  })
})
