import type { Backend, CallOptions, Peer } from 'wireguardcfg'
import type { Backends } from './backends.js'

/**
 * Yields the peers of one interface, from the first backend that knows its name. A backend without
 * `peerBatches` reads the whole device.
 *
 * @throws WireGuardError `ENODEV` when no backend knows the name, and what reading it throws
 */
export async function* peersOf(
  backends: Backends,
  name: string,
  options: CallOptions | undefined,
): AsyncGenerator<Peer, void, undefined> {
  // The first batch tells which backend has it. A later ENODEV means that the interface is gone.
  const { batches, first } = await backends.runOn(name, 'read device', async (backend) => {
    const iterator = batchesOf(backend, name, options)[Symbol.asyncIterator]()
    return { batches: iterator, first: await iterator.next() }
  })
  let batch = first
  try {
    for (; batch.done !== true; batch = await batches.next()) yield* batch.value
  } finally {
    // The consumer left early. An unfinished dump would block the deletion of the interface.
    if (batch.done !== true) await batches.return?.()
  }
}

function batchesOf(
  backend: Backend,
  name: string,
  options: CallOptions | undefined,
): AsyncIterable<readonly Peer[]> {
  return backend.peerBatches?.(name, options) ?? wholeDevice(backend, name, options)
}

async function* wholeDevice(
  backend: Backend,
  name: string,
  options: CallOptions | undefined,
): AsyncGenerator<readonly Peer[], void, undefined> {
  yield (await backend.device(name, options)).peers
}
