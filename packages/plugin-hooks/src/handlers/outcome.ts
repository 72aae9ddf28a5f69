import type { HandlerResult } from '../hook-handler.ts'
import { parseHookOutput } from '../hook-output.ts'
import type { Ended } from './deadline.ts'
import { boundText, snippet } from './bounded-text.ts'

/** A result before its run was timed. */
export type Outcome = Omit<HandlerResult, 'durationMs'>

/** A run that could not do its work; `error` is a sentence. */
export function failed(error: string, more: Omit<Outcome, 'status' | 'error'> = {}): Outcome {
  return { status: 'failed', error, ...more }
}

/** A run that was ended. `subject` begins the sentence: `The command`. */
export function ended(how: Ended, subject: string, timeoutMs: number): Outcome {
  const error =
    how === 'timed-out'
      ? `${subject} was not done after ${formatMs(timeoutMs)} and was ended. Give it a longer timeout, or let it do less.`
      : `${subject} was cancelled: nobody waits for it any more.`
  return { status: how, error }
}

/** What a handler wrote, as its answer. Text that is not JSON is kept as it is: whether it means something is the event's to say. */
export function answered(
  written: string,
  subject: string,
  more: Omit<Outcome, 'status' | 'output'> = {},
): Outcome {
  const parsed = parseHookOutput(written)
  const text = written.trim()
  const stdout = text === '' ? {} : { stdout: boundText(text) }
  if (parsed.kind === 'invalid')
    return failed(`${subject} ${snippet(parsed.problem)}`, { ...stdout, ...more })
  return { status: 'ok', ...(parsed.kind === 'output' && { output: parsed.output }), ...stdout, ...more }
}

function formatMs(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`
}
