import type { Process } from '@halter/child-processes'
import type { ToolContext, ToolOutput } from '@halter/core'
import { answerFailures, failure, jsonOutput } from '../failure.ts'
import type { ProcessInput } from '../process.ts'
import { killTree } from './kill-tree.ts'
import { descendantsOf } from './descendants.ts'
import { shellOf } from './session-shell.ts'

/** Does the work of the tool `process`. */
export function runProcess(input: ProcessInput, ctx: ToolContext): Promise<ToolOutput> {
  return answerFailures(async () => {
    ctx.signal.throwIfAborted()
    const { processes } = shellOf(ctx.session)
    const { action, pid } = input
    const running = await processes.list()
    if (action === 'kill_tree') {
      if (pid === undefined) throw failure('kill_tree needs a pid. list_descendants shows which there are.')
      const name: NodeJS.Signals = `SIG${input.signal}`
      const perPid = await killTree(processes, find(running, pid), name)
      const killed = perPid.filter((each) => each.killed).length
      return jsonOutput({ pid, signal: name, killed, per_pid: perPid })
    }
    const below = pid === undefined ? running : descendantsOf(find(running, pid), running)
    const descendants = below.map((each) => ({ pid: each.pid, parent: each.parent, name: each.name }))
    return jsonOutput({ ...(pid !== undefined && { pid }), descendants })
  })
}

/** A process is known by its number alone, and only among those that the session's commands started. */
function find(running: readonly Process[], pid: number): Process {
  const found = running.find((each) => each.pid === pid)
  if (found && pid > 1) return found
  const known = running.map((each) => `${each.pid} (${each.name})`).join(', ')
  throw failure(
    `Process ${pid} was not started by a command of this session, or is gone: it is out of reach. ` +
      (known === '' ? 'Nothing is running that was.' : `Running: ${known}.`),
  )
}
