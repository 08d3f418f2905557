import { expect, it } from '@jest/globals'
import { mkdir, writeFile } from 'node:fs/promises'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { readTable } from '../../src/up/tables.js'

it('reads words, numbers and the names of the files of ip', async () => {
  await using directory = await temporaryDirectory()
  const file = `${directory.path}/rt_tables`
  const folder = `${directory.path}/rt_tables.d`
  await writeFile(file, '#\n255 local\n 200\tvpn # ours\n0x1f hexadecimal\n')
  await mkdir(folder)
  await writeFile(`${folder}/a.conf`, '300 more\n')
  await writeFile(`${folder}/b.off`, '400 none\n')
  const files = [file, `${directory.path}/missing`, folder]
  const read = (text: string) => readTable(text, files)
  expect(['auto', 'OFF', 'Off'].map(read)).toEqual(['auto', 'off', 'off'])
  expect(['main', 'default', '51820', '4294967295'].map(read)).toEqual([
    254, 253, 51_820, 4_294_967_295,
  ])
  expect(['vpn', 'hexadecimal', 'more'].map(read)).toEqual([200, 31, 300])
  for (const wrong of ['none', '0', '4294967296', 'ours', '#']) {
    expect(() => read(wrong)).toThrow('no such routing table')
  }
})
