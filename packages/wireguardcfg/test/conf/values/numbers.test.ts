import { describe, expect, it } from '@jest/globals'
import {
  formatFirewallMark,
  formatPersistentKeepalive,
  parseFirewallMark,
  parsePersistentKeepalive,
  parsePort,
} from '../../../src/conf/values/numbers.js'

describe('parsePort', () => {
  it.each([
    ['0', 0],
    ['65535', 65535],
    ['00051820', 51820],
  ])('accepts %s', (text, value) => {
    expect(parsePort(text)).toEqual({ value })
  })

  it.each([
    ['65536', undefined],
    ['+1', undefined],
    ['', "Servname not supported for ai_socktype: `'"],
    ['-1', "Servname not supported for ai_socktype: `-1'"],
    ['1.5', "Servname not supported for ai_socktype: `1.5'"],
    ['0x10', "Servname not supported for ai_socktype: `0x10'"],
    ['domain', "Servname not supported for ai_socktype: `domain'"],
    ['١', "Servname not supported for ai_socktype: `١'"],
  ])('refuses %j', (text, wgMessage) => {
    expect(parsePort(text)).toMatchObject({
      fault: { expected: 'a port number from 0 to 65535', ...(wgMessage && { wgMessage }) },
    })
  })
})

describe('parseFirewallMark', () => {
  it.each([
    ['off', 0],
    ['OFF', 0],
    ['0', 0],
    ['010', 10],
    ['0x1F', 31],
    ['4294967295', 0xffffffff],
    ['0xffffffff', 0xffffffff],
    ['0x00000000001', 1],
  ])('accepts %s', (text, value) => {
    expect(parseFirewallMark(text)).toEqual({ value })
  })

  it.each(['', '0x', '0X1', '-1', '+1', '4294967296', '0x100000000', 'on', '1e3', '0b1'])(
    'refuses %j as wg does',
    (text) => {
      const wgMessage = `Fwmark is neither 0/off nor 0-0xffffffff: \`${text}'`
      expect(parseFirewallMark(text)).toMatchObject({ fault: { wgMessage } })
    },
  )

  it.each([0, 1, 255, 0xffffffff])('is undone by formatFirewallMark: %i', (value) => {
    expect(parseFirewallMark(formatFirewallMark(value))).toEqual({ value })
  })
})

describe('parsePersistentKeepalive', () => {
  it.each([
    ['off', 0],
    ['Off', 0],
    ['025', 25],
    ['65535', 65535],
  ])('accepts %s', (text, value) => {
    expect(parsePersistentKeepalive(text)).toEqual({ value })
  })

  it.each(['', '65536', '-1', '+1', '0x1', '1.5', 'on'])('refuses %j as wg does', (text) => {
    const wgMessage = `Persistent keepalive interval is neither 0/off nor 1-65535: \`${text}'`
    expect(parsePersistentKeepalive(text)).toMatchObject({ fault: { wgMessage } })
  })

  it.each([0, 1, 65535])('is undone by formatPersistentKeepalive: %i', (value) => {
    expect(parsePersistentKeepalive(formatPersistentKeepalive(value))).toEqual({ value })
  })
})
