// The process in which inputs run. The supervisor, fuzz.ts, sees which one is running, and ends
// this process when an input does not end by itself.
import { once } from 'node:events'
import { Loop, type Report, type Task } from './loop.js'
import { TARGETS } from './targets.js'

// The supervisor is no more.
process.once('disconnect', () => process.exit())

const [task] = (await once(process, 'message')) as [Task]
const target = TARGETS.find(({ name }) => name === task.target)!
const session = await target.open()
await new Loop(task, target, session, (report: Report) => process.send!(report)).run()
await session.close?.()
process.disconnect()
