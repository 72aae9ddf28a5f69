import { dispatch } from './dispatch.ts'
import { hookFileOf } from './hook-files.ts'
import { EMPTY_PLAN } from './hook-plan.ts'
import type { Moment } from './hook-services.ts'
import type { HookSession } from './hook-session.ts'
import { observed } from './subject.ts'
import { watchFiles } from './watch-files.ts'

/** Pins the turn's plan, and tells of everything that is not as it was at the turn before. Does nothing the second time. */
export async function openTurn(hooks: HookSession, moment: Moment): Promise<void> {
  if (moment.turnId !== undefined && hooks.planNow({ turnId: moment.turnId })) return
  await hooks.planFor(moment)
  if (hooks.plan === EMPTY_PLAN) return
  watchFiles(hooks)
  await tellOfPlace(hooks, moment)
  await tellOfInstructions(hooks, moment)
}

/** `ConfigChange`: handlers that are in force may keep a file from being applied. Returns the paths of those. */
export async function judgeChange(
  hooks: HookSession,
  changed: readonly string[],
  moment: Moment,
): Promise<ReadonlySet<string>> {
  const refused = new Set<string>()
  for (const path of changed) {
    const { layer } = hookFileOf({ name: '', source: path, value: null }).source
    const source = `${layer}_settings`
    const merged = await dispatch(
      hooks,
      observed('ConfigChange', [source], { source, file_path: path }),
      moment,
    )
    if (merged?.verdict?.kind === 'deny') refused.add(path)
  }
  return refused
}

async function tellOfPlace(hooks: HookSession, moment: Moment): Promise<void> {
  const { workingDir: cwd, model } = hooks.session.blueprint
  const { known } = hooks
  hooks.known = { cwd, model }
  if (!known) return
  if (known.cwd !== cwd) {
    const payload = { old_cwd: known.cwd, new_cwd: cwd }
    const merged = await dispatch(hooks, observed('CwdChanged', [], payload), moment)
    watchFiles(hooks, merged?.watchPaths)
  }
  if (known.model !== model) {
    const payload = { from_model: known.model, to_model: model, requested_model: model, source: 'sdk' }
    await dispatch(hooks, observed('PostModelSwitch', [model], payload), moment)
  }
}

async function tellOfInstructions(hooks: HookSession, moment: Moment): Promise<void> {
  if (!hooks.plan.byEvent.has('InstructionsLoaded')) return
  const { instructions } = await hooks.session.resources()
  const { workingDir } = hooks.session.blueprint
  const reason = hooks.instructions.size === 0 ? 'session_start' : 'include'
  for (const { source, text } of instructions) {
    if (hooks.instructions.get(source) === text) continue
    hooks.instructions.set(source, text)
    const memory = source.startsWith(workingDir) ? 'Project' : 'User'
    const payload = { file_path: source, memory_type: memory, load_reason: reason }
    await dispatch(hooks, observed('InstructionsLoaded', [reason], payload), moment)
  }
}
