import type { Backend, CallOptions, Peer } from 'wireguardcfg'
import { onBackendOf, type Source } from './backends.js'

/**
 * The peers of one interface, one after the other, from the first backend that knows its name. A
 * backend that cannot stream reads the whole device.
 *
 * @throws WireGuardError `ENODEV` when no backend knows the name, and what reading it gives
 */
export async function* peersOf(
  sources: readonly Source[],
  name: string,
  options: CallOptions | undefined,
): AsyncGenerator<Peer, void, undefined> {
  // Which backend has it shows with the first batch; after that, an error is the interface's own.
  const { batches, first } = await onBackendOf(sources, name, 'read device', async (backend) => {
    const iterator = batchesOf(backend, name, options)[Symbol.asyncIterator]()
    return { batches: iterator, first: await iterator.next() }
  })
  let batch = first
  try {
    for (; batch.done !== true; batch = await batches.next()) yield* batch.value
  } finally {
    // The consumer left: a stream that nobody ends would hold the interface.
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
