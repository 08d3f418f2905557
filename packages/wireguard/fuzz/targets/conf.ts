import { readdirSync } from 'node:fs'
import { checkDeviceConfig } from 'wireguardcfg/backend'
import {
  checkConf,
  type Conf,
  confFromConfig,
  type ConfDialect,
  formatConf,
  formatProblem,
  interfaceSettings,
  parseConf,
  peerName,
  peerSettings,
  stripConf,
} from 'wireguardcfg/conf'
import { mergeConfigs, toDeviceConfigs, wgReport } from 'wireguardcfg/internal/conf'
import { loadText } from '../../../../test-fixtures/load.js'
import { confText } from '../../../wireguardcfg/test/conf/arbitrary.js'
import { CASES, KEY_A, KEY_B, ZERO } from '../../../wireguardcfg/test/conf/wg-cases.js'
import { checkError, checkNoSecret, outcomeOf, SECRET_DIGITS, SECRET_TEXTS } from '../faults.js'
import { must, target } from '../target.js'

/** What files are made of. */
export const CONF_WORDS: readonly string[] = [
  ...SECRET_TEXTS,
  ...SECRET_DIGITS,
  ...SECRET_TEXTS.map((key) => `\nPrivateKey = ${key}\n`),
  ...SECRET_TEXTS.map((key) => `\nPresharedKey = ${key}\n`),
  ...[KEY_A, KEY_B, ZERO].map((key) => `\n[Peer]\nPublicKey = ${key}\n`),
  ...`PrivateKey ListenPort FwMark Address DNS MTU Table PreUp PostUp PreDown PostDown SaveConfig
    PublicKey PresharedKey AllowedIPs Endpoint PersistentKeepalive`
    .split(/\s+/)
    .map((key) => `\n${key} = `),
  '\n[Interface]\n',
  '\n[Peer]\n',
  '\n# friendly_name = bob\n',
  '\n### Client bob\n',
  '\n### begin bob ###\n',
  '\n### end bob ###\n',
  '\n#[Peer]\n#PublicKey = x\n',
  '# ',
  ' = ',
  '\r\n',
  '\uFEFF',
  '10.0.0.1/24, fd00::1/64',
  '+10.0.0.1/32,-10.0.0.2/32',
  '[fe80::1%eth0]:51820',
  'vpn.example.com:51820',
  '0xffffffff',
  'off',
  'auto',
  'true',
]

export const conf = target<string>({
  name: 'conf',
  what: 'files to the parser, the check, the conversions; formatted they are the same bytes',
  fresh: confText,
  seeds: confFiles,
  words: CONF_WORDS,
  open: () => ({ run: readEveryWay }),
})

/** The files of the fixtures. */
export function confFiles(): readonly string[] {
  const folder = new URL('../../../../test-fixtures/conf/', import.meta.url)
  const files = ['valid', 'invalid'].flatMap((kind) =>
    readdirSync(new URL(`${kind}/`, folder))
      .filter((name) => name.endsWith('.conf'))
      .map((name) => loadText(`conf/${kind}/${name}`)),
  )
  return [...files, ...CASES.map(({ text }) => text)]
}

async function readEveryWay(text: string): Promise<void> {
  const parsed = parseConf(text)
  must(formatConf(parsed) === text, 'the formatted file differs')
  // A private key in the place of a public one is one, and is shown.
  const shows = secretsArePublic(text) ? () => {} : checkNoSecret
  for (const dialect of ['wg', 'wg-quick'] as const) {
    await readAs(text, parsed, dialect, shows)
  }
  outcomeOf(() => stripConf(text))
  for (const section of parsed.peers) peerName(section)
  shows(JSON.stringify(parsed), 'the JSON of a file')
}

/** Whether a key of `SECRETS` is the value of something that is not secret. */
export function secretsArePublic(text: string): boolean {
  const plain = text.replaceAll(/[ \t\v\f\r]/g, '')
  return SECRET_TEXTS.some((key) => new RegExp(`publickey=${escaped(key)}`, 'i').test(plain))
}

function escaped(text: string): string {
  return text.replaceAll('+', '\\+')
}

async function readAs(
  text: string,
  parsed: Conf,
  dialect: ConfDialect,
  shows: (text: string, where: string) => void,
): Promise<void> {
  const problems = checkConf(text, { dialect })
  const lines = text.split('\n')
  for (const problem of problems) {
    const { line, column } = problem
    const length = lines[line - 1]?.length ?? 0
    must(
      line >= 1 && line <= lines.length && column >= 1 && column <= length + 1,
      () => `line ${line}, column ${column} in a file of ${lines.length} lines, one of ${length}`,
    )
    const formatted = formatProblem(problem)
    must(!formatted.includes('\n'), () => `the problem ${JSON.stringify(formatted)}`)
    shows(formatted, 'a problem')
  }
  shows(wgReport(text, { dialect }), 'the report')
  const isValid = problems.every(({ severity }) => severity !== 'error')
  const results = [
    () => interfaceSettings(parsed, { dialect }),
    () => peerSettings(parsed, { dialect }),
    () => toDeviceConfigs(parsed, 'setconf', { dialect }),
    () => toDeviceConfigs(parsed, 'addconf', { dialect }),
  ].map((convert) => run(convert))
  must(
    results.every((found) => (found !== undefined) === isValid),
    'the check and the conversions differ about whether the file is valid',
  )
  if (!isValid) return
  for (const mode of ['setconf', 'addconf'] as const) {
    const { configs } = toDeviceConfigs(parsed, mode, { dialect })
    for (const config of [...configs, mergeConfigs(configs)]) {
      // A copy is checked anew.
      await checkDeviceConfig({ ...config })
    }
    if (configs.length === 1 && mode === 'setconf') {
      const again = formatConf(confFromConfig({ ...configs[0]! }))
      const errors = checkConf(again).filter(({ severity }) => severity === 'error')
      must(errors.length === 0, () => `a written file is not valid: ${formatProblem(errors[0]!)}`)
    }
  }
}

/** Returns what a conversion returns; `undefined` when it refuses the file as it should. */
function run(convert: () => unknown): unknown {
  try {
    return convert() ?? null
  } catch (error) {
    checkError(error)
    return undefined
  }
}
