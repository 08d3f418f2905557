#!/usr/bin/env node
import { basename } from 'node:path'
import { main } from './main.js'

process.exitCode = await main(process.argv.slice(2), {
  // Getters, because the first access to each stream takes time.
  get stdin() {
    return process.stdin
  },
  hasDescriptors: true,
  get stdout() {
    return process.stdout
  },
  get stderr() {
    return process.stderr
  },
  env: process.env,
  // The name in messages. It is wg for a link of that name:
  // `ln -s "$(command -v wireguard)" ~/bin/wg`.
  program: basename(process.argv[1] ?? '') === 'wg' ? 'wg' : 'wireguard',
})
