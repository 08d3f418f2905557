import type { Backend, CallOptions, Peer } from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions } from 'wireguardcfg/internal'
import type { Backends } from './backends.js'

/**
 * Yields the peers of one device, from the first backend that knows its name. From a backend
 * without `peerBatches`, it reads the whole device.
 *
 * @throws WireGuardError `ENODEV` when no backend knows the name, and the errors of the backend
 */
export async function* peersOf(
  backends: Backends,
  name: string,
  options: CallOptions | undefined,
): AsyncGenerator<Peer, void, undefined> {
  checkOptions(options, CALL_OPTIONS, { operation: 'read device', device: name })
  // The first batch shows which backend has the interface. A later ENODEV means that the interface
  // was deleted.
  const { batches, first } = await backends.runOn(name, 'read device', async (backend) => {
    const iterator = batchesOf(backend, name, options)[Symbol.asyncIterator]()
    return { batches: iterator, first: await iterator.next() }
  })
  let batch = first
  try {
    for (; batch.done !== true; batch = await batches.next()) yield* batch.value
  } finally {
    // The consumer stopped early. An unfinished dump would block the deletion of the interface.
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
