import { type CallOptions, isWireGuardError } from 'wireguardcfg'
import { callDeadline } from 'wireguardcfg/backend'
import type { Network } from '../network.js'
import { DnsStack } from './dns/dns-stack.js'
import { addArguments, runResolvconf } from './dns/resolvconf.js'
import { tellResolved } from './dns/resolved.js'
import type { CheckedUpOptions } from './check-options.js'
import type { UpStep } from './plan/step.js'
import type { FileLock } from './state/file-lock.js'
import type { StateFolder } from './state/state-folder.js'
import { Sysctl } from './sysctl.js'

/** A step beside the interface itself and its addresses. */
export type SystemStep = Extract<
  UpStep,
  {
    type:
      | 'add-route'
      | 'set-firewall'
      | 'set-masquerade'
      | 'set-sysctl'
      | 'add-rule'
      | 'set-dns'
      | 'set-resolved'
      | 'set-resolvconf'
  }
>

/** What such steps need. */
export interface ActContext {
  readonly operation: string
  readonly network: Network
  readonly folder: StateFolder
  readonly options: Pick<CheckedUpOptions, 'name' | 'firewall'>
  /** The index of the interface. */
  readonly link: number
  readonly limits: CallOptions
  /** Waits for the lock of the files for name servers. */
  readonly lockResolvConf: () => Promise<FileLock>
  readonly warn: (warning: string) => void
}

/** Carries out a step. */
export async function act(step: SystemStep, context: ActContext): Promise<void> {
  const { operation, network, folder, options, link, limits } = context
  const { name } = options
  switch (step.type) {
    case 'add-route':
      return await addRoute(step.route, context)
    case 'set-firewall':
      return await setFirewall(step, context)
    case 'set-masquerade':
      return await (await network.firewall()).setMasquerade(step.masquerade, limits)
    case 'set-sysctl':
      return new Sysctl(await network.within()).write(step.key, step.value)
    case 'add-rule':
      return await (await network.routes()).addRule(step.rule, limits)
    case 'set-resolved': {
      using call = callDeadline({ operation, device: name }, limits)
      return await tellResolved(link, step, call)
    }
    case 'set-resolvconf':
      return await runResolvconf(name, addArguments(step.key), step.text)
    case 'set-dns': {
      using _ = await context.lockResolvConf()
      const owner = `${folder.namespace}/${name}`
      const warning = await new DnsStack(step.path).push(owner, step.text)
      if (warning !== undefined) context.warn(warning)
    }
  }
}

async function addRoute(
  route: (SystemStep & { type: 'add-route' })['route'],
  { network, options, limits }: ActContext,
): Promise<void> {
  const { name } = options
  const routes = await network.routes()
  try {
    await routes.addRoute(route, limits)
  } catch (error) {
    if (!isWireGuardError(error) || error.code !== 'EEXIST' || route.device !== name) throw error
    // The kernel has added it for an address of the interface.
    const own = await routes.routes({ table: route.table, device: name }, limits)
    if (!own.some(({ destination }) => destination === route.destination)) throw error
  }
}

async function setFirewall(
  { tunnel, isNeeded }: SystemStep & { type: 'set-firewall' },
  { network, options, limits, warn }: ActContext,
): Promise<void> {
  try {
    await (await network.firewall()).setTunnel(tunnel, limits)
  } catch (error) {
    const isMissing = isWireGuardError(error) && error.code === 'EPROTONOSUPPORT'
    if (!isMissing || options.firewall === 'require' || isNeeded) throw error
    warn(`${error.summary}, so the tunnel goes without its firewall`)
  }
}
