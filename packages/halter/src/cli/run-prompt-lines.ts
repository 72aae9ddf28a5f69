import type { SessionHandle, TurnOptions } from '@halter/core'
import { INTERRUPTED } from './interrupts.ts'
import { lfLines } from './lf-lines.ts'
import type { Output } from './output.ts'
import { readPromptLine } from './prompt-lines.ts'
import type { RunFormat } from './run-format.ts'
import { isAnswered, runTurn } from './run.ts'

/** What answers the lines. */
export interface LineRun {
  readonly session: SessionHandle
  readonly format: RunFormat
  readonly settings: TurnOptions
  readonly leave: AbortSignal
}

/**
 * Answers each line of stdin by a turn of the same session, one after the other. A line that cannot be understood is answered by a line
 * of type `error`, and the next one is read. Resolves to the exit code: 1 when any line was not answered well.
 */
export async function runPromptLines(
  { session, format, settings, leave }: LineRun,
  output: Output,
): Promise<number> {
  let code = 0
  let line = 0
  const stop = (): void => void process.stdin.destroy()
  leave.addEventListener('abort', stop, { once: true })
  try {
    for await (const text of lfLines(process.stdin)) {
      line += 1
      if (text.trim() === '') continue
      const prompt = readPromptLine(text)
      const name = { line, ...(prompt.id !== undefined && { id: prompt.id }) }
      if (prompt.kind === 'problem') {
        output.json({ type: 'error', ...name, message: prompt.problem })
        code = 1
        continue
      }
      const result = await runTurn(session, prompt.input, settings, format, name)
      if (leave.aborted) return INTERRUPTED
      if (!isAnswered(result)) code = 1
    }
  } catch (error) {
    if (!leave.aborted) throw error // the end of stdin that was made above is none
  } finally {
    leave.removeEventListener('abort', stop)
  }
  return leave.aborted ? INTERRUPTED : code
}
