import {
  isStored,
  type AssistantMessage,
  type Delta,
  type SessionEvent,
  type StoredEvent,
  type ToolCallId,
} from '@halter/protocol'
import type { SessionHandle } from '@halter/core'
import { describeCall, describeEvent, describeUsage, partsText } from './describe-event.ts'
import type { Output } from './output.ts'
import { Progress } from './progress.ts'
import { printableLine } from './printable.ts'
import type { RunFormat, RunResult } from './run-format.ts'
import { cutToWidth } from './text-width.ts'

/** Lines of one tool's output that are shown; the model reads all of it. */
const SHOWN_LINES = 20

/** The assistant's text to stdout as it is produced; calls, their output, thinking and totals to stderr. */
export class TextFormat implements RunFormat {
  readonly #output: Output
  readonly #begun = performance.now()
  readonly #progress: Progress
  /** Streamed text of the reply that is being written, by part. */
  readonly #streamed = new Map<number, string>()
  readonly #tools = new Map<ToolCallId, { lines: number; rest: string }>()
  #thinking = ''
  #steps = 0

  constructor(output: Output) {
    this.#output = output
    this.#progress = new Progress(output)
  }

  begin({ id, blueprint, state }: SessionHandle, isResumed: boolean): void {
    this.start()
    const turns = isResumed ? `, turn ${state.turns + 1}` : ''
    this.#output.talk(`session ${id}, model ${blueprint.model}${turns}`, 'dim')
  }

  /** From now on, silence is told about. */
  start(): void {
    this.#progress.start()
  }

  event(event: SessionEvent): void {
    this.#progress.event(event)
    if (isStored(event)) this.#stored(event)
    else if (event.type !== 'lagged') this.#delta(event)
  }

  end(result: RunResult): void {
    this.#progress.stop()
    this.#endThinking()
    this.#output.endLine()
    if (result.error) this.#output.complain(`${result.error.message} (${result.error.code})`)
    else if (result.reason !== 'stop') this.#output.talk(`The turn ended: ${result.reason}.`, 'yellow')
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1)
    const steps = `${this.#steps} model call${this.#steps === 1 ? '' : 's'}`
    this.#output.talk(
      `session ${result.sessionId}, ${steps}, ${describeUsage(result.usage)}, ${seconds} s`,
      'dim',
    )
  }

  #delta(delta: Delta): void {
    if (delta.type === 'thinking.delta') return this.#think(delta.text)
    if (delta.type === 'toolOutput.delta') return this.#toolOutput(delta.callId, delta.text)
    if (delta.type !== 'text.delta') return
    this.#endThinking()
    const before = this.#streamed.get(delta.part) ?? ''
    // What was lost on the way is made up for when the whole message comes.
    if (delta.offset > before.length) return
    const text = delta.text.slice(before.length - delta.offset)
    this.#streamed.set(delta.part, before + text)
    this.#output.data(text)
  }

  #stored(event: StoredEvent): void {
    switch (event.type) {
      case 'message.appended':
        if (event.message.role === 'assistant') this.#reply(event.message)
        return
      case 'usage.recorded':
        if (event.purpose === 'turn') this.#steps += 1
        return
      case 'toolCall.started':
        this.#tools.set(event.callId, { lines: 0, rest: '' })
        return this.#line(`● ${describeCall(event.name, event.input)}`, 'cyan')
      case 'toolCall.finished':
        return this.#finished(event)
      case 'prompt.refused':
        return this.#line(`The prompt was refused: ${event.reason}`, 'yellow')
      case 'warning.raised':
        return this.#line(`Warning: ${event.message}`, 'yellow')
      case 'notification.raised':
        return this.#line(`${event.kind}: ${event.message}`, 'yellow')
      case 'compaction.applied':
        return this.#line(
          `The context was compacted: ${event.tokensBefore} to ${event.tokensAfter} tokens.`,
          'dim',
        )
      case 'cache.broken':
        return this.#line(`The stable part of the prompt changed: ${describeEvent(event)}.`, 'dim')
      default:
    }
  }

  /** Text that was not streamed, or that a hook changed after it was, is written now. */
  #reply(message: AssistantMessage): void {
    this.#endThinking()
    for (const [index, part] of message.parts.entries()) {
      if (part.kind !== 'text') continue
      const shown = this.#streamed.get(index) ?? ''
      if (part.text.startsWith(shown)) this.#output.data(part.text.slice(shown.length))
      else {
        this.#output.endLine()
        this.#line('The reply was changed after it had been shown. It now is:', 'yellow')
        this.#output.data(part.text)
      }
    }
    this.#streamed.clear()
    this.#output.endLine()
  }

  #finished({ callId, outcome, parts }: StoredEvent<'toolCall.finished'>): void {
    const tool = this.#tools.get(callId)
    this.#tools.delete(callId)
    if (tool && tool.rest !== '' && tool.lines < SHOWN_LINES) this.#output.talk(`  ${tool.rest}`, 'dim')
    if (tool && tool.lines > SHOWN_LINES)
      this.#output.talk(`  … ${tool.lines - SHOWN_LINES} more lines`, 'dim')
    if (outcome !== 'ok') this.#line(`  ${outcome}: ${partsText(parts)}`, 'red')
  }

  #toolOutput(callId: ToolCallId, text: string): void {
    const tool = this.#tools.get(callId) ?? { lines: 0, rest: '' }
    this.#tools.set(callId, tool)
    const lines = (tool.rest + text).split('\n')
    // A line without an end is kept until its end comes, as far as it would be shown.
    tool.rest = (lines.pop() ?? '').slice(0, 1_000)
    for (const line of lines) {
      if (tool.lines < SHOWN_LINES)
        this.#output.talk(`  ${cutToWidth(printableLine(lastDrawn(line)), this.#lineWidth)}`, 'dim')
      tool.lines += 1
    }
  }

  /** Columns of a line of output: a row of the terminal, where there is one. */
  get #lineWidth(): number {
    return Math.min(160, (this.#output.width ?? 163) - 3)
  }

  #think(text: string): void {
    const lines = (this.#thinking + text).split('\n')
    this.#thinking = lines.pop() ?? ''
    for (const line of lines) this.#output.talk(`  ${line}`, ['dim', 'italic'])
  }

  #endThinking(): void {
    if (this.#thinking === '') return
    this.#output.talk(`  ${this.#thinking}`, ['dim', 'italic'])
    this.#thinking = ''
  }

  #line(text: string, style: Parameters<Output['talk']>[1]): void {
    this.#endThinking()
    this.#output.talk(cutToWidth(printableLine(text), 200), style)
  }
}

/** What a line that was drawn over (a progress bar) shows in the end. */
function lastDrawn(line: string): string {
  return line.split('\r').findLast((drawn) => drawn !== '') ?? ''
}
