import type { ApprovalRequest, SessionHandle, TurnResult } from '@halter/core'
import type { TrustAnswer, TrustQuestion } from '@halter/core/host'
import type { SessionEvent } from '@halter/protocol'
import {
  APPROVAL_CHOICES,
  describeQuestion,
  readReply,
  type ApprovalDecision,
} from '../terminal-approvals.ts'
import { INTERRUPTED } from '../interrupts.ts'
import type { Chat, ChatFrontEnd } from './chat.ts'
import { completions } from './complete.ts'
import { describeError, handleLine } from './handle-line.ts'
import { lastExchange, sessionHeading } from './last-exchange.ts'
import { statusRows } from './status-rows.ts'
import { Terminal } from './terminal.ts'
import { TurnView } from './turn-view.ts'

/** The chat of a person at a terminal. */
export class TerminalChat implements ChatFrontEnd {
  readonly isInteractive = true
  readonly #terminal: Terminal
  readonly #left = Promise.withResolvers<number>()
  #turn: TurnView
  #chat: Chat | undefined
  /** One line after the other: a prompt behind a command must find it done. */
  #lines: Promise<void> = Promise.resolve()
  #since = 0
  /** Ctrl-C was the last key: once more leaves. */
  #isLeaving = false
  #candidates: readonly string[] = []

  constructor() {
    this.#terminal = new Terminal(process.stdin, process.stdout, {
      liveRows: () => this.#liveRows(),
      isBusy: () => this.#isBusy,
      onLine: (text) => this.#line(text),
      onKey: (name) => this.#key(name),
      onTab: () => this.#tab(),
      onResize: () => this.#turn.resize(),
    })
    this.#turn = this.#newTurnView()
  }

  get width(): number {
    return this.#terminal.width
  }

  /** Until somebody leaves. Resolves to the exit code. */
  async run(chat: Chat, first: string): Promise<number> {
    this.#chat = chat
    // Also when the process is ended in the middle of something.
    const restore = (): void => this.#terminal.close()
    process.once('exit', restore)
    const onEnd = (): void => this.#left.resolve(0)
    process.stdin.once('end', onEnd)
    // A terminal that has gone: its keyboard can be read no more.
    process.stdin.on('error', onEnd)
    chat.leave.addEventListener('abort', () => this.#left.resolve(INTERRUPTED), { once: true })
    try {
      if (first !== '') this.#line(first)
      return await this.#left.promise
    } finally {
      process.stdin.off('end', onEnd)
    }
  }

  open(): void {
    this.#terminal.open()
  }

  close(): void {
    this.#terminal.close()
  }

  begin(session: SessionHandle, isResumed: boolean): void {
    this.#turn = this.#newTurnView()
    this.note(sessionHeading(session, isResumed))
    if (!isResumed) return
    const { prompt, reply } = lastExchange(session)
    if (prompt) this.#turn.prompt(prompt.parts)
    if (reply) this.#turn.reply(reply)
  }

  event(event: SessionEvent): void {
    if ('seq' in event && event.type === 'turn.started') this.#since = performance.now()
    this.#turn.event(event)
    this.#terminal.changed()
  }

  ended({ status, reason, error }: TurnResult): void {
    if (status !== 'rejected' || reason === 'interrupted') return
    this.#terminal.note(error ? describeError(error) : `The prompt was not taken: ${reason}.`, 'red')
  }

  failed(error: unknown): void {
    this.#terminal.note(describeError(error), 'red')
  }

  changed(): void {
    if (!this.#isBusy) this.#since = 0
    else if (this.#since === 0) this.#since = performance.now()
    this.#terminal.changed()
  }

  show(text: string): void {
    this.#terminal.show(text.replace(/\n$/, ''), 'cyan')
  }

  note(text: string): void {
    this.#terminal.note(text)
  }

  leave(code = 0): void {
    this.#left.resolve(code)
  }

  async ask(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalDecision | undefined> {
    const isOwn = request.sessionId === this.#chat?.conversation.session.id
    this.#terminal.show(`\n${isOwn ? '' : 'A subagent asks. '}${describeQuestion(request)}`, 'yellow')
    const decision = await this.askUntil(APPROVAL_CHOICES, readReply, signal)
    if (decision)
      this.note(
        `  answered: ${decision.answer}${decision.reason === undefined ? '' : `: ${decision.reason}`}`,
      )
    return decision
  }

  /** The folder brings something else than what was trusted. */
  async askTrust(question: TrustQuestion): Promise<TrustAnswer> {
    const { describeQuestion, readTrust, TRUST_CHOICES } = await import('../trust-question.ts')
    this.#terminal.show(`\n${describeQuestion(question)}`, 'yellow')
    return (await this.askUntil(TRUST_CHOICES, readTrust, this.#chat!.leave)) ?? 'no'
  }

  /** Asks until the answer can be understood. */
  async askUntil<T>(
    choices: string,
    read: (line: string) => T | undefined,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    for (;;) {
      const line = await this.#terminal.ask(choices, signal)
      if (line === undefined) return undefined
      const answer = read(line)
      if (answer !== undefined) return answer
      if (line.trim() !== '') this.note(`  "${line.trim()}" is none of these.`)
    }
  }

  get #isBusy(): boolean {
    return this.#chat?.conversation.isBusy ?? false
  }

  #newTurnView(): TurnView {
    const terminal = this.#terminal
    return new TurnView({
      get width() {
        return terminal.width
      },
      hasColours: terminal.hasColours,
      print: (rows) => terminal.print(rows),
      paint: (text, look) => terminal.paint(text, look),
    })
  }

  #liveRows(): string[] {
    const chat = this.#chat
    if (!chat) return []
    const place = {
      sinceMs: performance.now() - this.#since,
      width: this.width,
      isAsking: this.#terminal.isAsking,
    }
    const rows = statusRows(chat.conversation, place).map((row) => this.#terminal.paint(row, 'dim'))
    const candidates = this.#candidates.map((row) => this.#terminal.paint(row, 'dim'))
    return [...this.#turn.liveRows(), ...rows, ...candidates]
  }

  #line(text: string): void {
    this.#isLeaving = false
    this.#candidates = []
    const chat = this.#chat!
    if (text.startsWith('/')) this.note(`› ${text}`)
    this.#lines = this.#lines
      .then(() => handleLine(text, chat.context))
      .catch((error: unknown) => this.note(describeError(error)))
  }

  #key(name: 'ctrl-c' | 'ctrl-d'): void {
    if (name === 'ctrl-c') return this.#interrupt()
    this.#isLeaving = false
    if (this.#isBusy) this.note('A turn is running: Ctrl-C ends it.')
    else this.leave()
  }

  /** Ends the turn, empties the line, or says how to leave; what comes right after leaves. */
  #interrupt(): void {
    const { editor } = this.#terminal
    if (this.#isLeaving && this.#isBusy) process.exit(INTERRUPTED)
    if (this.#isLeaving) return this.leave(INTERRUPTED)
    this.#isLeaving = true
    if (this.#isBusy) {
      void this.#chat!.conversation.interrupt('Ctrl-C').then(
        (given) => {
          const text = [...given, editor.text].filter((each) => each !== '').join('\n')
          if (given.length > 0) editor.set(text)
          this.#terminal.changed()
        },
        (error: unknown) => this.note(describeError(error)),
      )
      return this.note('Interrupting. Ctrl-C once more leaves.')
    }
    if (editor.text === '') return this.note('Ctrl-C once more leaves, and so does Ctrl-D.')
    editor.take()
    this.#isLeaving = false
  }

  #tab(): void | Promise<void> {
    this.#isLeaving = false
    const { editor } = this.#terminal
    const { text } = editor
    if (/^\/[\w:.-]*$/.test(text)) return this.#complete(text)
    if (!this.#isBusy || text.trim() === '') return undefined
    this.#chat!.conversation.steer(editor.take())
  }

  async #complete(text: string): Promise<void> {
    const { editor } = this.#terminal
    const found = await completions(text, this.#chat!.context)
    if (found.text !== text) editor.set(found.text)
    this.#candidates =
      found.candidates.length > 1 ? [`  ${found.candidates.join('  ')}`.slice(0, this.width - 1)] : []
    this.#terminal.changed()
  }
}
