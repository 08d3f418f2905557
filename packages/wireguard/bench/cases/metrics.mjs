import { runSubject } from '../subject.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const metrics = [
  {
    name: 'metrics',
    title: 'metrics of 10,000 peers, against joining their lines',
    aim: { by: 'ratio', atMost: 2 },
    needs: [],
    run: async () => ({ unit: 'ms', ...(await runSubject('metrics.mjs')) }),
  },
]
