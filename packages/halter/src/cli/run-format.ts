import {
  textOf,
  toolCallsOf,
  type ErrorWire,
  type SessionEvent,
  type SessionId,
  type TurnId,
  type Usage,
} from '@halter/protocol'
import type { SessionHandle, TurnResult } from '@halter/core'
import type { Output } from './output.ts'
import { TextFormat } from './text-format.ts'

/** What `run` ends with in both JSON formats. */
export interface RunResult {
  readonly type: 'result'
  /** Of the line of `--input-format stream-json` that is answered; `id` is the line's own. */
  readonly line?: number
  readonly id?: string
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

/** The formats of `--output-format`, by name; `answer` is `text` where `--output-schema` asks for JSON. */
export function runFormat(name: 'text' | 'answer' | 'json' | 'stream-json', output: Output): RunFormat {
  if (name === 'text') return new TextFormat(output)
  if (name === 'answer') return answerFormat(output)
  return name === 'json' ? jsonFormat(output) : streamFormat(output)
}

/** Stdout gets the checked answer as a line of JSON and nothing else; what the model says on the way is talk. */
function answerFormat(output: Output): RunFormat {
  const text = new TextFormat(output)
  return {
    begin: (session, isResumed) => text.begin(session, isResumed),
    event(event) {
      if (event.type === 'text.delta') return
      if (event.type !== 'message.appended' || event.message.role !== 'assistant') return text.event(event)
      const said = textOf(event.message).trim()
      if (said !== '' && toolCallsOf(event.message).length > 0) output.talk(said)
    },
    end(result) {
      if (result.output !== undefined) output.json(result.output)
      text.end(result)
    },
  }
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
