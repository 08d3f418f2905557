import { once } from 'node:events'
import { createConnection } from 'node:net'
import { type Backend, isWireGuardError } from 'wireguardcfg'

/**
 * Keeps a daemon from answering until the result is disposed of. A daemon serves no other client
 * during a set operation, and this one stops in the middle.
 */
export async function stallDaemon(
  path: string,
  backend: Backend,
  device: string,
): Promise<AsyncDisposable> {
  const socket = createConnection(path)
  await once(socket, 'connect')
  socket.write('set=1\n')
  // The only sign that the daemon has begun with it is that it does not answer others.
  while (await answers(backend, device));
  return {
    async [Symbol.asyncDispose]() {
      socket.end('\n').resume()
      await once(socket, 'close')
    },
  }
}

async function answers(backend: Backend, device: string): Promise<boolean> {
  try {
    await backend.device(device, { idleTimeout: 100 })
    return true
  } catch (error) {
    if (isWireGuardError(error) && error.code === 'ETIMEDOUT') return false
    throw error
  }
}
