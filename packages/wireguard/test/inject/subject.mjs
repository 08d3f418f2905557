// The process into which faults are injected, with the built packages. Reads commands from standard
// input, one line of JSON each, and answers each with one line. The argument is the backend.
import { getEventListeners } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { inspect } from 'node:util'
import { isWireGuardError, WireGuard } from 'wireguard'
import { describeState, INITIAL, OPERATIONS } from './operations.mjs'

const NAME = 'wg0'
const ADDRESS = '10.6.0.1/24'
const backend = process.argv[2]
let wg = await WireGuard.open()
let controller = new AbortController()
/** What the operation was prepared with. */
let prepared
process.on('SIGUSR2', () => controller.abort())

const api = new Proxy({}, { get: (_, name) => method(name) })
const COMMANDS = { pool, reset, prepare, run, state, resources }

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line)
  let answer
  try {
    answer = await COMMANDS[command](rest)
  } catch (error) {
    answer = { broken: inspect(error) }
  }
  process.stdout.write(`${JSON.stringify(answer ?? {})}\n`)
}
await wg.close()
process.exit()

/** The thread of libuv's pool, which UV_THREADPOOL_SIZE leaves alone there: it does this call. */
async function pool() {
  return { thread: Number((await readlink('/proc/thread-self')).split('/').at(-1)) }
}

async function prepare({ operation }) {
  prepared = await OPERATIONS[operation].prepare?.(api, NAME)
}

/** Runs the operation, which SIGUSR2 aborts. */
async function run({ operation }) {
  controller = new AbortController()
  const { signal } = controller
  try {
    await OPERATIONS[operation].run(api, NAME, { signal, idleTimeout: 5000 }, prepared)
    return { ok: true }
  } catch (error) {
    const ours = isWireGuardError(error)
    return {
      ok: false,
      ours,
      code: ours ? error.code : undefined,
      applied: ours ? error.applied : undefined,
      text: inspect(error, { depth: 10 }),
    }
  }
}

function method(name) {
  if (name === 'createDevice') return (device, options) => wg[name](device, { ...options, backend })
  return wg[name].bind(wg)
}

/** Makes the device what it is before the operation. */
async function reset({ operation }) {
  const { startsWithout = false, initial = INITIAL } = OPERATIONS[operation]
  const helper = await WireGuard.open()
  try {
    const names = await helper.deviceNames()
    if (startsWithout) {
      if (names.includes(NAME)) await helper.deleteDevice(NAME)
      return
    }
    if (!names.includes(NAME)) {
      await helper.createDevice(NAME, { backend, addresses: [ADDRESS], mtu: 1400, up: true })
    }
    await helper.replaceDevice(NAME, initial)
    await helper.setLink(NAME, { mtu: 1400, up: true })
    const addresses = await addressesOf(helper)
    for (const address of addresses) {
      if (address !== ADDRESS) await helper.removeAddress(NAME, address)
    }
    if (!addresses.includes(ADDRESS)) await helper.addAddress(NAME, ADDRESS)
  } finally {
    await helper.close()
  }
}

function absent(error) {
  if (error.code === 'ENODEV' || error.code === 'EOPNOTSUPP') return undefined
  throw error
}

async function state() {
  const helper = await WireGuard.open()
  try {
    const link = await helper.link(NAME).catch(absent)
    const addresses = link === undefined ? [] : await addressesOf(helper)
    return describeState(await helper.device(NAME).catch(absent), link, addresses)
  } finally {
    await helper.close()
  }
}

/** Without those that the kernel gives an interface itself. */
async function addressesOf(helper) {
  return (await helper.addresses(NAME)).filter((address) => !address.startsWith('fe80'))
}

/** What this process and this machine hold. */
function resources() {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    listeners: getEventListeners(controller.signal, 'abort').length,
    sockets: list('/run/wireguard'),
    links: list('/sys/class/net'),
    processes: readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map((pid) => program(pid))
      .filter((path) => path.endsWith('/wireguard-go')),
  }
}

function list(directory) {
  try {
    return readdirSync(directory).toSorted()
  } catch {
    return []
  }
}

function program(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return ''
  }
}
