import type { PromptDraft, Tap, Verdict } from '@halter/core'
import { textOf } from '@halter/protocol'
import { consult, dispatch, HOOK_NOTIFICATION } from '../dispatch.ts'
import type { HookServices, Moment } from '../hook-services.ts'
import type { HookSession } from '../hook-session.ts'
import type { Merged, Opinion } from '../merge-answers.ts'
import type { Subject } from '../subject.ts'
import { openTurn } from '../turn-changes.ts'
import { hooksOf, isChild, momentOf } from './tap-context.ts'

/** The taps around prompts. One run of a handler serves transform and guard. */
export function promptTaps(services: HookServices): {
  readonly 'prompt.transform': Tap<'prompt.transform'>
  readonly 'prompt.guard': Tap<'prompt.guard'>
} {
  return {
    'prompt.transform': (draft, ctx) => {
      const hooks = hooksOf(services, ctx)
      hooks.prompt = undefined
      if (hooks.planNow(ctx.turn) && !hooks.mayHandle(ctx.turn, 'UserPromptSubmit')) return undefined
      return submit(hooks, draft, momentOf(ctx))
    },
    'prompt.guard': (draft, ctx) => {
      const hooks = hooksOf(services, ctx)
      if (isChild(hooks) || !hooks.mayHandle(ctx.turn, 'UserPromptSubmit')) return undefined
      const { prompt } = hooks
      hooks.prompt = undefined
      if (prompt?.parts === JSON.stringify(draft.parts)) return verdictOf(prompt.verdict)
      return judgeAgain(hooks, draft, momentOf(ctx))
    },
  }
}

/** The first event of most turns: what changed since the last one is told first, then the prompt is shown. */
async function submit(
  hooks: HookSession,
  draft: PromptDraft,
  moment: Moment,
): Promise<PromptDraft | undefined> {
  await openTurn(hooks, moment)
  if (isChild(hooks)) return undefined
  const merged = await askAbout(hooks, draft, moment)
  if (!merged) return undefined
  hooks.prompt = { parts: JSON.stringify(draft.parts), verdict: merged.verdict }
  if (merged.contexts.length === 0) return undefined
  return { ...draft, notes: [...draft.notes, ...merged.contexts] }
}

/** A plugin changed the prompt in between: handlers see what will be sent. */
async function judgeAgain(hooks: HookSession, draft: PromptDraft, moment: Moment): Promise<Verdict> {
  await hooks.planFor(moment)
  const merged = await dispatch(hooks, aboutPrompt(draft), moment)
  return verdictOf(merged?.verdict)
}

/** What handlers add goes with the draft, so that nothing of it is left when the prompt is refused. */
async function askAbout(hooks: HookSession, draft: PromptDraft, moment: Moment): Promise<Merged | undefined> {
  const merged = await consult(hooks, aboutPrompt(draft), moment)
  for (const text of merged?.messages ?? []) await hooks.session.notify(HOOK_NOTIFICATION, text)
  return merged
}

function aboutPrompt(draft: PromptDraft): Subject {
  return { event: 'UserPromptSubmit', names: [], payload: () => ({ prompt: textOf(draft) }) }
}

/** Nobody can be asked about a prompt: what asks denies. */
function verdictOf(verdict: Opinion | undefined): Verdict {
  return verdict && verdict.kind !== 'allow' ? { deny: verdict.reason } : undefined
}
