#!/usr/bin/env node
import { basename } from 'node:path'
import { main } from './main.js'

process.exitCode = await main(process.argv.slice(2), {
  // Each of the three costs time when it is first touched.
  get stdin() {
    return process.stdin
  },
  get stdout() {
    return process.stdout
  },
  get stderr() {
    return process.stderr
  },
  env: process.env,
  // As an alias named wg it speaks of itself as wg(8) does:
  // `ln -s "$(command -v wireguard)" ~/bin/wg`.
  program: basename(process.argv[1] ?? '') === 'wg' ? 'wg' : 'wireguard',
})
