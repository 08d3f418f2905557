import type { Socket } from 'node:net'
import { WireGuardError } from 'wireguardcfg'
import type { Deadline } from 'wireguardcfg/backend'
import { errorCode } from 'wireguardcfg/internal'
import { decodeReply, encodeCall, messageLength, type MethodCall, Reader } from './message.js'

/** Where the system bus listens, as every library has it. */
export const SYSTEM_BUS = '/run/dbus/system_bus_socket'

const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const

/** A connection to the system bus, for some calls one after the other. */
export class SystemBus implements Disposable {
  readonly #socket: Socket
  readonly #call: Deadline
  #received = Buffer.alloc(0)
  #failure: unknown
  #onChange: () => void = () => {}
  #serial = 0

  private constructor(socket: Socket, call: Deadline) {
    this.#socket = socket
    this.#call = call
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#onChange()
    })
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the bus has closed the connection')))
  }

  /**
   * Connects, and says who this process is.
   *
   * @param call the limits of all that follows
   * @throws WireGuardError
   */
  static async connect(call: Deadline): Promise<SystemBus> {
    const { createConnection } = process.getBuiltinModule('node:net')
    const bus = new SystemBus(createConnection(SYSTEM_BUS), call)
    try {
      const uid = Buffer.from(String(process.geteuid?.() ?? 0)).toString('hex')
      bus.#socket.write(`\0AUTH EXTERNAL ${uid}\r\n`)
      const line = await bus.#take((bytes) => {
        const end = bytes.indexOf('\r\n')
        return end < 0 ? undefined : end + 2
      })
      if (!line.toString('latin1').startsWith('OK ')) {
        throw new WireGuardError('the system bus does not accept this user', { code: 'EACCES' })
      }
      bus.#socket.write('BEGIN\r\n')
      await bus.call({ ...BUS, member: 'Hello' })
      return bus
    } catch (error) {
      bus[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Calls a method, and returns the body of its answer.
   *
   * @throws WireGuardError `EREMOTEIO` the method failed, with the message of the service
   */
  async call(call: MethodCall): Promise<Reader> {
    const serial = ++this.#serial
    this.#socket.write(encodeCall(call, serial))
    for (;;) {
      const reply = decodeReply(await this.#take(messageLength))
      if (reply?.serial !== serial) continue
      const { error, body } = reply
      if (error === undefined) return new Reader(body)
      const message = body.byteLength === 0 ? '' : new Reader(body).string()
      throw new WireGuardError('a call over D-Bus failed', {
        code: 'EREMOTEIO',
        detail: message === '' ? error : message,
      })
    }
  }

  /** The process that owns a name. @throws WireGuardError `EREMOTEIO` nobody does */
  async processOf(name: string): Promise<number> {
    const member = 'GetConnectionUnixProcessID'
    const write: MethodCall['write'] = (body) => body.string(name)
    return (await this.call({ ...BUS, member, signature: 's', write })).uint32()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  /** Waits for so many bytes as `lengthOf` says, and takes them. */
  async #take(lengthOf: (bytes: Buffer) => number | undefined): Promise<Buffer> {
    for (;;) {
      const length = lengthOf(this.#received)
      if (length !== undefined && this.#received.byteLength >= length) {
        const taken = this.#received.subarray(0, length)
        this.#received = this.#received.subarray(length)
        return taken
      }
      if (this.#failure !== undefined) throw failed(this.#failure)
      await this.#call.race(
        new Promise<void>((resolve) => {
          this.#onChange = resolve
        }),
        () => this.#socket.destroy(),
      )
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#onChange()
  }
}

function failed(cause: unknown): WireGuardError {
  const code = errorCode(cause)
  return new WireGuardError('the system bus cannot be reached', {
    code: code === '' ? 'ECONNRESET' : code,
    cause,
  })
}
