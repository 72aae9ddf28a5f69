import {
  isStored,
  textOf,
  type AssistantMessage,
  type Delta,
  type MessageId,
  type SessionEvent,
  type StoredEvent,
  type ToolCallId,
  type UserPart,
} from '@halter/protocol'
import { describeCall, describeUsage, partsText } from '../describe-event.ts'
import { MarkdownStream } from '../markdown/markdown-stream.ts'
import { wrapText } from '../markdown/row-writer.ts'
import { printable, printableLine } from '../printable.ts'
import { cutToWidth } from '../text-width.ts'
import { FoldedLines } from './folded-lines.ts'
import { remarkOn } from './remarks.ts'

/** How a line looks. */
export type Look = 'dim' | 'bold' | 'cyan' | 'yellow' | 'red' | 'italic' | 'green'

/** Where a turn is shown. */
export interface TurnStage {
  /** Columns of a row. */
  readonly width: number
  readonly hasColours: boolean
  /** Whole rows that stay. */
  print(rows: string): void
  paint(text: string, look: Look | readonly Look[]): string
}

/** Rows of a running tool's output, and of what a model thinks. */
const TAIL = 3
/** Rows of a prompt that are shown again. */
const PROMPT_ROWS = 20
/** UTF-16 units of one of them. */
const PROMPT_ROW = 2_000

/** Shows what happens in a session, as it happens: what is decided is printed, what still changes is the live part. */
export class TurnView {
  readonly #stage: TurnStage
  /** Text parts of the reply that is being written. */
  readonly #parts = new Map<number, { readonly stream: MarkdownStream; length: number; text: string }>()
  readonly #tools = new Map<
    ToolCallId,
    { readonly call: string; readonly output: FoldedLines; since: number }
  >()
  #thinking: FoldedLines | undefined
  #thinkingSince = 0
  #messageId: MessageId | undefined
  #calls = 0
  #since = 0
  /** What was printed last: an empty row stands between text and calls. */
  #last: 'text' | 'calls' | undefined

  constructor(stage: TurnStage) {
    this.#stage = stage
  }

  event(event: SessionEvent): void {
    if (isStored(event)) this.#stored(event)
    else if (event.type !== 'lagged') this.#delta(event)
  }

  /** What is not decided yet: the row that is being written, the newest thoughts and lines of output. */
  liveRows(): string[] {
    const { width } = this.#stage
    const rows: string[] = []
    for (const { stream } of this.#parts.values()) if (stream.pending !== '') rows.push(stream.pending)
    if (this.#thinking)
      rows.push(...this.#thinking.tail(TAIL).map((line) => this.#line(`  ${line}`, ['dim', 'italic'])))
    const now = performance.now()
    for (const { call, output, since } of this.#tools.values()) {
      const seconds = Math.floor((now - since) / 1000)
      rows.push(this.#line(`● ${call}${seconds > 0 ? `  ${seconds} s` : ''}`, 'cyan'))
      rows.push(...output.tail(TAIL).map((line) => this.#line(`  ${cutToWidth(line, width - 3)}`, 'dim')))
    }
    return rows
  }

  /** The terminal has another width: what is printed stays, what comes has it. */
  resize(): void {
    for (const { stream } of this.#parts.values()) this.#text(stream.resize(this.#stage.width - 1))
  }

  /** A prompt, as somebody wrote it. */
  prompt(parts: readonly UserPart[], remark = ''): void {
    const text = parts.every(({ kind }) => kind === 'text') ? textOf({ parts }) : partsText(parts)
    const lines = printable(text).replaceAll('\t', '    ').trimEnd().split('\n')
    const hidden = lines.length - PROMPT_ROWS
    const rows = lines.slice(0, PROMPT_ROWS).map((line, index) => {
      const row = `${index === 0 ? '› ' : '  '}${cutToWidth(line.slice(0, PROMPT_ROW), PROMPT_ROW - 1)}`
      return this.#stage.paint(row, ['bold', 'green'])
    })
    if (hidden > 0) rows.push(this.#stage.paint(`  … ${hidden} more lines`, 'dim'))
    if (remark !== '') rows.push(this.#stage.paint(`  ${remark}`, 'dim'))
    this.#stage.print(`\n${rows.join('\n')}\n\n`)
    this.#last = undefined
  }

  /** A reply that is there whole, as of a session that goes on. */
  reply(message: AssistantMessage): void {
    const stream = this.#stream()
    this.#text(`${stream.push(textOf(message))}${stream.end()}`)
  }

  #delta(delta: Delta): void {
    if (delta.type === 'thinking.delta') return this.#think(delta.text)
    if (delta.type === 'toolOutput.delta') return this.#tools.get(delta.callId)?.output.push(delta.text)
    if (delta.type !== 'text.delta') return
    this.#endThinking()
    this.#follow(delta.messageId)
    const part = this.#part(delta.part)
    // What was lost on the way is made up for when the whole message comes.
    if (delta.offset > part.length) return
    this.#add(part, delta.text.slice(part.length - delta.offset))
  }

  #part(index: number): { readonly stream: MarkdownStream; length: number; text: string } {
    let part = this.#parts.get(index)
    if (!part) {
      for (const other of this.#parts.values()) this.#text(other.stream.end())
      part = { stream: this.#stream(), length: 0, text: '' }
      this.#parts.set(index, part)
    }
    return part
  }

  #add(part: { readonly stream: MarkdownStream; length: number; text: string }, text: string): void {
    part.length += text.length
    part.text += text
    this.#text(part.stream.push(text))
  }

  #stored(event: StoredEvent): void {
    switch (event.type) {
      case 'turn.started':
        this.#calls = 0
        this.#since = performance.now()
        return this.prompt(event.input)
      case 'message.appended':
        return event.message.role === 'assistant'
          ? this.#reply(event.message)
          : this.#said(event.message.parts, event.message.origin)
      case 'usage.recorded':
        if (event.purpose === 'turn') this.#calls += 1
        return
      case 'toolCall.started':
        this.#endThinking()
        this.#tools.set(event.callId, {
          call: printableLine(describeCall(event.name, event.input)),
          output: new FoldedLines(),
          since: performance.now(),
        })
        return
      case 'toolCall.finished':
        return this.#finished(event)
      case 'turn.completed':
      case 'turn.failed':
        return this.#ended(event)
      default: {
        const remark = remarkOn(event)
        if (remark) this.#note(remark.text, remark.look)
      }
    }
  }

  /** Text that was not streamed, or that a hook changed after it was, is shown now. */
  #reply(message: AssistantMessage): void {
    this.#endThinking()
    this.#follow(message.id)
    for (const [index, part] of message.parts.entries()) {
      if (part.kind !== 'text') continue
      const streamed = this.#part(index)
      if (part.text.startsWith(streamed.text)) this.#add(streamed, part.text.slice(streamed.length))
      else {
        this.#text(streamed.stream.end())
        this.#note('The reply was changed after it had been shown. It now is:', 'yellow')
        this.#parts.set(index, { stream: this.#stream(), length: 0, text: '' })
        this.#add(this.#part(index), part.text)
      }
    }
    this.#endParts()
  }

  /** Another message begins: what was written of one before it is all that there will be. */
  #follow(messageId: MessageId): void {
    if (this.#messageId !== messageId) this.#endParts()
    this.#messageId = messageId
  }

  #endParts(): void {
    for (const { stream } of this.#parts.values()) this.#text(stream.end())
    this.#parts.clear()
    this.#messageId = undefined
  }

  /** What somebody said into a running turn. The prompt of a turn was shown at its start. */
  #said(parts: readonly UserPart[], origin: string | undefined): void {
    if (origin === 'steer') this.prompt(parts, 'said while it worked')
    else if (origin === 'hook' || origin === 'plugin')
      this.#note(`${origin}: ${cutToWidth(printableLine(partsText(parts)), 200)}`, 'dim')
  }

  #finished({ callId, outcome, parts }: StoredEvent<'toolCall.finished'>): void {
    const tool = this.#tools.get(callId)
    this.#tools.delete(callId)
    const rows: string[] = []
    if (tool) {
      rows.push(this.#line(`● ${tool.call}`, 'cyan'))
      const output = tool.output.folded()
      rows.push(...output.map((line) => this.#line(`  ${line}`, 'dim')))
      if (output.length === 0 && outcome === 'ok')
        rows.push(this.#line(`  ${summary(partsText(parts))}`, 'dim'))
    }
    if (outcome !== 'ok') {
      const text = partsText(parts).trimEnd()
      const lines = new FoldedLines()
      // What it wrote has been shown; the end of its result says what became of it.
      lines.push(`${outcome}: ${rows.length > 1 ? text.slice(text.lastIndexOf('\n') + 1) : text}`)
      rows.push(...lines.folded().map((line) => this.#line(`  ${line}`, 'red')))
    }
    if (rows.length === 0) return
    this.#section('calls')
    this.#stage.print(`${rows.join('\n')}\n`)
  }

  #ended(event: StoredEvent<'turn.completed' | 'turn.failed'>): void {
    this.#endThinking()
    this.#endParts()
    this.#tools.clear()
    if (event.type === 'turn.failed' && event.reason === 'interrupted') this.#note('Interrupted.', 'yellow')
    else if (event.type === 'turn.failed')
      this.#note(
        event.error ? `${event.error.message} (${event.error.code})` : `The turn ended: ${event.reason}.`,
        'red',
      )
    else if (event.reason !== 'stop') this.#note(`The turn ended: ${event.reason}.`, 'yellow')
    const seconds = ((performance.now() - this.#since) / 1000).toFixed(1)
    const calls = `${this.#calls} model call${this.#calls === 1 ? '' : 's'}`
    this.#note(`${calls}, ${describeUsage(event.usage)}, ${seconds} s`, 'dim')
  }

  #think(text: string): void {
    if (!this.#thinking) this.#thinkingSince = performance.now()
    this.#thinking ??= new FoldedLines()
    this.#thinking.push(text)
  }

  #endThinking(): void {
    if (!this.#thinking) return
    this.#thinking = undefined
    const seconds = (performance.now() - this.#thinkingSince) / 1000
    if (seconds >= 1) this.#note(`It thought for ${seconds.toFixed(1)} s.`, ['dim', 'italic'])
  }

  #stream(): MarkdownStream {
    const { width, hasColours } = this.#stage
    return new MarkdownStream({ width: width - 1, hasColours })
  }

  #text(rows: string): void {
    if (rows === '') return
    this.#section('text')
    this.#stage.print(rows)
  }

  #section(kind: 'text' | 'calls'): void {
    if (this.#last !== undefined && this.#last !== kind) this.#stage.print('\n')
    this.#last = kind
  }

  /** A few words that stay. */
  #note(text: string, look: Look | readonly Look[]): void {
    for (const row of wrapText(printableLine(text), this.#stage.width - 1))
      this.#stage.print(`${this.#stage.paint(row, look)}\n`)
  }

  #line(text: string, look: Look | readonly Look[]): string {
    return this.#stage.paint(cutToWidth(text, this.#stage.width - 1), look)
  }
}

/** What a tool gave that showed nothing while it ran. */
function summary(text: string): string {
  const lines = text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
  return lines <= 1 ? printableLine(text.trim()) || 'nothing' : `${lines} lines`
}
