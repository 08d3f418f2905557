#!/usr/bin/env node
import { basename } from 'node:path'
import { runProcess } from './process.js'

// The command behaves as the one whose name a link to it has:
// `ln -s "$(command -v wireguard)" ~/bin/wg`.
const called = basename(process.argv[1] ?? '')

await runProcess(['wg', 'wg-quick'].includes(called) ? called : 'wireguard')
