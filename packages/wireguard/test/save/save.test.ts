import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  chmod,
  chown,
  link,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { UapiServer } from 'wireguardcfg/server'
import { caught } from '../../../../test-fixtures/caught.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeWith, hasNamespaces } from '../../../../test-fixtures/require.js'
import { privateKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'
import { WireGuard } from '../../src/index.js'

const [A, B] = [publicKeyOf(1), publicKeyOf(2)]
const FILE = `# Mine
[Interface]
PrivateKey = ${privateKeyOf(1).toBase64()}
ListenPort = 51820
# Phone
[Peer]
PublicKey = ${A}
Endpoint = vpn.example:7 # where it lives
`

describe('save', () => {
  let directory: TemporaryDirectory
  let server: UapiServer
  let wg: WireGuard
  let path: string
  const text = () => readFile(path, 'utf8')
  const others = async () => (await readdir(directory.path)).filter((name) => name.endsWith('.tmp'))
  const resolve = { lookup: async () => ['192.0.2.7', '192.0.2.8'] }

  /** Saves in a process for which commands have mounted something over the file. */
  const saveMounted = async (mount: string) => {
    const library = new URL('../../dist/index.js', import.meta.url).href
    const program = `
        const { WireGuard } = await import('${library}')
        const [socketDirectory, backends] = ['${directory.path}', ['userspace']]
        const wg = await WireGuard.open({ socketDirectory, backends })
        const error = await wg.save('wg0', '${path}', { resolve: false }).catch((thrown) => thrown)
        console.log(error === true ? 'saved' : [error.code, error.hint].join(' '))
        await wg.close()`
    const script = `${mount} && exec "$2" --input-type=module -e "$3"`
    const parameters = ['-', path, process.execPath, program]
    const { stdout } = await runCommand(['unshare', '-m', 'sh', '-c', script, ...parameters])
    return stdout.trim()
  }

  beforeEach(async () => {
    directory = await temporaryDirectory()
    path = join(directory.path, 'wg0.conf')
    server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
    wg = await WireGuard.open({ socketDirectory: directory.path, backends: ['userspace'] })
    await writeFile(path, FILE, { mode: 0o600 })
    await wg.applyConf('wg0', FILE, { resolve })
  })
  afterEach(async () => {
    await wg.close()
    await server.close()
    const left = await others()
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`)
    await directory[Symbol.asyncDispose]()
  })

  it('leaves a file alone that describes the interface', async () => {
    const { ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    expect(await wg.save('wg0', path, { resolve })).toBe(false)
    expect(await stat(path, { bigint: true })).toMatchObject({ ino, mtimeNs, ctimeNs })
  })

  it('changes only the lines that differ', async () => {
    await wg.setPeer('wg0', { publicKey: A, persistentKeepalive: 15 })
    await wg.setPeer('wg0', { publicKey: B })
    expect(await wg.save('wg0', path, { resolve })).toBe(true)
    const saved = await text()
    expect(saved.startsWith(FILE)).toBe(true)
    expect(saved.slice(FILE.length)).toBe(`PersistentKeepalive = 15\n\n[Peer]\nPublicKey = ${B}\n`)
    expect(await wg.save('wg0', path, { resolve })).toBe(false)
  })

  it.each<[string, Parameters<WireGuard['save']>[2], string]>([
    ['that leads to the peer stays', { resolve }, 'vpn.example:7'],
    [
      'that leads elsewhere is replaced',
      { resolve: { lookup: async () => '192.0.2.9' } },
      '192.0.2.7:7',
    ],
    [
      'without an address stays',
      { resolve: { lookup: () => Promise.reject(new Error('gone')) } },
      'vpn.example:7',
    ],
    ['that is not looked up stays', { resolve: false }, 'vpn.example:7'],
    [
      'stays when the endpoints of the file do',
      { endpoints: 'file', resolve: { lookup: async () => '192.0.2.9' } },
      'vpn.example:7',
    ],
  ])('a name %s', async (_, options, endpoint) => {
    await wg.save('wg0', path, options)
    expect(await text()).toContain(`Endpoint = ${endpoint} # where it lives\n`)
  })

  it('keeps bytes that are no UTF-8', async () => {
    const bytes = Buffer.from(FILE.replace('# Phone', '# B\u00fcro'), 'latin1')
    await writeFile(path, bytes)
    await wg.setPeer('wg0', { publicKey: B })
    expect(await wg.save('wg0', path, { resolve })).toBe(true)
    const saved = await readFile(path)
    expect(saved.subarray(0, bytes.length).equals(bytes)).toBe(true)
    expect(saved.toString('latin1')).toContain(B)
  })

  it('makes a file that does not exist, for its owner alone', async () => {
    const fresh = join(directory.path, 'fresh.conf')
    expect(await wg.save('wg0', fresh)).toBe(true)
    expect((await stat(fresh)).mode & 0o777).toBe(0o600)
    const saved = await readFile(fresh, 'utf8')
    expect(saved).toContain(`PrivateKey = ${privateKeyOf(1).toBase64()}\n`)
    expect(saved).toContain(`[Peer]\nPublicKey = ${A}\nEndpoint = 192.0.2.7:7\n`)
    expect(await wg.save('wg0', fresh)).toBe(false)
  })

  it('follows a link and leaves it, and keeps the permissions', async () => {
    await mkdir(join(directory.path, 'real'))
    const real = join(directory.path, 'real', 'file')
    await rename(path, real)
    await symlink('real/file', path)
    await chmod(real, 0o640)
    await wg.setPeer('wg0', { publicKey: B })
    await wg.save('wg0', path, { resolve })
    expect(await readlink(path)).toBe('real/file')
    expect((await stat(real)).mode & 0o777).toBe(0o640)
    expect(await readFile(real, 'utf8')).toContain(B)
  })

  it('replaces the file whole: who has it open keeps the one before', async () => {
    await link(path, join(directory.path, 'kept'))
    await wg.setPeer('wg0', { publicKey: B })
    await wg.save('wg0', path, { resolve })
    expect(await readFile(join(directory.path, 'kept'), 'utf8')).toBe(FILE)
  })

  it('refuses a file that was changed meanwhile', async () => {
    await wg.setPeer('wg0', { publicKey: B })
    const edited = FILE.replace('# Phone', '# Telephone')
    const editing = {
      lookup: async () => {
        await writeFile(path, edited)
        return '192.0.2.7'
      },
    }
    expect(await caught(wg.save('wg0', path, { resolve: editing }))).toMatchObject({
      code: 'EAGAIN',
      operation: 'save configuration file',
      device: 'wg0',
    })
    expect(await text()).toBe(edited)
  })

  it.each<[string, () => Promise<unknown>, object]>([
    ['that is wrong', () => writeFile(path, '[Interface]\nPort = 1\n'), { code: 'EINVAL' }],
    ['that is a folder', () => mkdir(`${path}.d`), { code: 'EINVAL' }],
    ['in a folder that does not exist', async () => {}, { code: 'ENOENT' }],
  ])('leaves everything as it is for a file %s', async (name, make, error) => {
    await make()
    const where = name.includes('does not') ? join(directory.path, 'none', 'x') : path
    const target = name.includes('a folder') && !name.includes('not') ? `${path}.d` : where
    expect(await caught(wg.save('wg0', target))).toMatchObject({ ...error, device: 'wg0' })
  })

  it('does not wait for a pipe, nor for a name when it is aborted or has had its time', async () => {
    const pipe = join(directory.path, 'pipe')
    await runCommand(['mkfifo', pipe])
    expect(await caught(wg.save('wg0', pipe))).toMatchObject({ code: 'EINVAL' })
    const hanging = { lookup: () => new Promise<never>(() => {}) }
    const late = wg.save('wg0', path, { resolve: hanging, timeout: 30 })
    expect(await caught(late)).toMatchObject({ code: 'ETIMEDOUT', device: 'wg0' })
    const controller = new AbortController()
    const aborted = wg.save('wg0', path, { resolve: hanging, signal: controller.signal })
    controller.abort()
    expect(await caught(aborted)).toMatchObject({ code: 'ABORT_ERR', device: 'wg0' })
    expect(await text()).toBe(FILE)
  })

  it.each([undefined, '', 7, 'a\0b'])('refuses %j as a path', async (given) => {
    const error = await caught(wg.save('wg0', given as never))
    expect(error).toMatchObject({ code: 'EINVAL', path: 'path' })
  })

  describeWith(hasNamespaces, 'as root', () => {
    it('keeps the owner', async () => {
      await chown(path, 12, 34)
      await wg.setPeer('wg0', { publicKey: B })
      await wg.save('wg0', path, { resolve })
      expect(await stat(path)).toMatchObject({ uid: 12, gid: 34 })
    })

    it('writes into a file that is mounted, which no other can replace', async () => {
      await wg.setPeer('wg0', { publicKey: B })
      const { ino } = await stat(path)
      expect(await saveMounted('mount --bind "$1" "$1"')).toBe('saved')
      expect(await text()).toContain(B)
      expect((await stat(path)).ino).toBe(ino)
    })

    it('leaves a file alone that is mounted to be read only', async () => {
      await wg.setPeer('wg0', { publicKey: B })
      const mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"'
      expect(await saveMounted(mount)).toMatch(/^EROFS/)
      expect(await text()).toBe(FILE)
    })

    it('keeps all of it in another file when a mounted one takes only a part', async () => {
      // 200 peers need more than one page, and there is one.
      const peers = Array.from({ length: 200 }, (_, i) => ({ publicKey: publicKeyOf(i + 1) }))
      await wg.configureDevice('wg0', { peers })
      const mount =
        'mkdir "$1.d" && mount -t tmpfs -o size=8192 none "$1.d" && cp "$1" "$1.d/f" && ' +
        'head -c 4096 /dev/zero > "$1.d/g" && mount --bind "$1.d/f" "$1"'
      const outcome = await saveMounted(mount)
      const [copy] = await others()
      expect(outcome).toMatch(/^ENOSPC/)
      expect(outcome).toContain(copy)
      const kept = await readFile(join(directory.path, copy!), 'utf8')
      expect(kept.split('PublicKey').length).toBe(201)
      await unlink(join(directory.path, copy!))
    })
  })
})
