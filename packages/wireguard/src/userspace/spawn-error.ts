import { WireGuardError } from 'wireguardcfg'
import { errorCode, HINTS } from 'wireguardcfg/internal'

/** Reports that the system could not start a program. */
export function spawnError(program: string, cause: unknown): WireGuardError {
  const code = systemCode(cause)
  return new WireGuardError(`${program} could not be started`, {
    code,
    hint: HINTS_OF_CODES[code],
    cause,
  })
}

const RESOURCES = 'Raise the limit of processes, or free memory, then try again'

// The errors of execve(2), fork(2) and pipe(2).
const HINTS_OF_CODES: Readonly<Record<string, string>> = {
  EACCES: 'Make the program executable; its file system must not be mounted with noexec',
  ENOENT: 'Its interpreter (the line #!) or its loader may be missing',
  ENOEXEC: 'It is not a program for this machine; a script needs a line #!',
  ETXTBSY: 'Its file is being written; try again when it is complete',
  E2BIG: 'Shorten the environment variables that the program gets (WG_*, PATH)',
  EINVAL: 'The path or an environment variable has an unacceptable character',
  EAGAIN: RESOURCES,
  ENOMEM: RESOURCES,
  EMFILE: HINTS.exhausted,
  ENFILE: HINTS.exhausted,
}

/** The POSIX name of an error. Node knows some errors of execve(2) by their number only. */
function systemCode(error: unknown): string {
  const { constants } = process.getBuiltinModule('node:os')
  const number = errorNumber(error)
  const known = Object.entries(constants.errno).find(([, errno]) => errno === number)
  if (known !== undefined) return known[0]
  const code = errorCode(error)
  return /^E[A-Z\d]+$/.test(code) ? code : 'EIO'
}

function errorNumber(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'errno' in error
    ? Math.abs(Number(error.errno))
    : undefined
}
