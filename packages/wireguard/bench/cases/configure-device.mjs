import { checkDeviceConfig } from 'wireguardcfg/backend'
// The public API cannot run this step alone.
import { formatSet } from '../dist/internals.js'
import { micro } from '../measure.mjs'
import { PEERS, sampleConfig } from '../sample.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const configureDevice = [
  {
    name: 'validate',
    title: 'checking a configuration of 10,000 peers (checkDeviceConfig), warm',
    aim: { by: 'value' },
    needs: [],
    run: async () => {
      const config = sampleConfig(PEERS)
      // Always check the original object. The check skips the object that it returned before.
      return { unit: 'ms', ours: await micro(() => checkDeviceConfig(config)) }
    },
  },
  {
    name: 'format',
    title: 'writing the `set=1` request of 10,000 peers (formatSet), warm',
    aim: { by: 'value' },
    needs: [],
    run: async () => {
      const checked = await checkDeviceConfig(sampleConfig(PEERS))
      let length = 0
      const ours = await micro(() => {
        for (const piece of formatSet(checked)) length += piece.length
      })
      if (length === 0) throw new Error('nothing was written')
      return { unit: 'ms', ours }
    },
  },
]
