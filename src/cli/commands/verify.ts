import { defineCommand } from 'citty'
import { repair, verify } from '../../runtime/server/operations/verify'
import { COMMON, EXIT, runCommand } from '../context'

export default defineCommand({
  meta: { name: 'verify', description: 'Checks the file and what must be true of its rows; exit code 2 where something is not' },
  args: { ...COMMON, repair: { type: 'boolean', description: 'Mend what can be mended without loss, then look again' } },
  run: ({ args, rawArgs, cmd }) => runCommand({ args, rawArgs, cmd }, async ({ open, out }) => {
    const engine = open()
    const look = () => verify(engine, share => out.progress('Checking', share))
    let result = await look()
    const before = result.found
    if (args.repair === true && result.faults.some(fault => fault.repairable)) {
      await repair(engine)
      result = await look()
    }
    const mended = before - result.found
    out.result({ ...result, mended })
    for (const fault of result.faults) {
      out.bad(`${fault.check}: ${fault.message}${fault.workspaceId === null ? '' : ` Workspace ${fault.workspaceId}`}${fault.subject === null ? '' : `, ${fault.subject}`}${fault.repairable ? ' (--repair mends it)' : ''}`)
    }
    if (mended > 0) out.good(`${mended} mended`)
    if (result.found === 0) out.good('The database is sound.')
    else out.line(`${result.found} faults.`)
    return result.found === 0 ? EXIT.done : EXIT.faults
  }),
})
