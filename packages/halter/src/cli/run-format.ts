import type { ErrorWire, SessionEvent, SessionId, TurnId, Usage } from '@halter/protocol'
import type { SessionHandle, TurnResult } from '@halter/core'
import type { Output } from './output.ts'
import { TextFormat } from './text-format.ts'

/** What `run` ends with in both JSON formats. */
export interface RunResult {
  readonly type: 'result'
  readonly sessionId: SessionId
  readonly turnId: TurnId
  readonly status: TurnResult['status']
  readonly reason: TurnResult['reason']
  readonly text: string
  readonly usage: Usage
  readonly output?: unknown
  readonly error?: ErrorWire
}

/** How a turn is shown while it runs. */
export interface RunFormat {
  begin(session: SessionHandle, isResumed: boolean): void
  event(event: SessionEvent): void
  end(result: RunResult): void
}

/** The formats of `--output-format`, by name. */
export function runFormat(name: 'text' | 'json' | 'stream-json', output: Output): RunFormat {
  if (name === 'text') return new TextFormat(output)
  return name === 'json' ? jsonFormat(output) : streamFormat(output)
}

function jsonFormat(output: Output): RunFormat {
  return { begin() {}, event() {}, end: (result) => output.json(result) }
}

/** The first line says which session it is, each event is a line, the last one is the result. */
function streamFormat(output: Output): RunFormat {
  return {
    begin: ({ id, blueprint }, isResumed) =>
      output.json({
        type: 'session',
        sessionId: id,
        model: blueprint.model,
        workingDir: blueprint.workingDir,
        isResumed,
      }),
    event: (event) => output.json(event),
    end: (result) => output.json(result),
  }
}
