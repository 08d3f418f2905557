import { checkInterfaceName } from 'wireguardcfg'
import { checkOptions, invalid, type OptionTable } from 'wireguardcfg/internal'
import { NF_INET_POST_ROUTING } from '../nft/constants.js'
import {
  deviceName,
  inputName,
  is,
  isNot,
  masquerade as masqueradeExpression,
  outputName,
} from '../nft/expressions.js'
import type { Table, TableName } from '../nft/table.js'
import { BOTH, protocolOf, readFamilies } from './families.js'

/** The clients of a tunnel reach other networks with the address of this machine. */
export interface Masquerade {
  /** Name of the interface through which their packets come. */
  readonly device: string
  /** Name of the interface through which they leave; absent: every other one. */
  readonly outputDevice?: string | undefined
  /** The address families of such packets. */
  readonly families: readonly (4 | 6)[]
}

const MASQUERADE: OptionTable<Masquerade> = {
  device: 'text',
  outputDevice: 'text',
  families: 'checked later',
}

/** As nft(8) calls it: srcnat. */
const SOURCE_NAT = 100

/** Reads what a caller gives. @throws WireGuardError `EINVAL` */
export function readMasquerade(given: Masquerade): Masquerade {
  checkOptions(given ?? null, MASQUERADE)
  const { device, outputDevice } = given
  checkInterfaceName(device)
  if (outputDevice !== undefined) checkInterfaceName(outputDevice)
  if (given.families === undefined) throw invalid('expected a list', { path: 'families' })
  return { device, outputDevice, families: readFamilies(given.families) }
}

/** Returns the names of the tables of a tunnel, also of those that it does not have. */
export function masqueradeTableNames(device: string): TableName[] {
  return BOTH.map((family) => tableName(device, family))
}

function tableName(device: string, family: 4 | 6): TableName {
  return { family: protocolOf(family), name: `wireguard-${device}` }
}

/** Returns the tables that masquerade packets: one for each family. */
export function masqueradeTables({ device, outputDevice, families }: Masquerade): Table[] {
  const way = outputDevice === undefined ? isNot(deviceName(device)) : is(deviceName(outputDevice))
  const rule = [inputName, is(deviceName(device)), outputName, way, masqueradeExpression]
  return families.map((family) => ({
    ...tableName(device, family),
    chains: [
      {
        name: 'postrouting',
        type: 'nat',
        hook: NF_INET_POST_ROUTING,
        priority: SOURCE_NAT,
        rules: [rule],
      },
    ],
  }))
}

/** Returns the tables as a file of nft(8). */
export function formatMasqueradeTables({ device, outputDevice, families }: Masquerade): string {
  const way = outputDevice === undefined ? `oifname != "${device}"` : `oifname "${outputDevice}"`
  return families
    .map(
      (family) =>
        `table ${family === 4 ? 'ip' : 'ip6'} wireguard-${device} {\n` +
        `  chain postrouting {\n    type nat hook postrouting priority srcnat; policy accept;\n` +
        `    iifname "${device}" ${way} masquerade\n  }\n}\n`,
    )
    .join('')
}
