import { isStored, type SessionEvent, type TurnId } from '@halter/protocol'
import type { StartedSession } from '../start-session.ts'
import type { SessionHandle, TurnHandle, TurnOptions, TurnResult } from '@halter/core'

/** Who shows a conversation. */
export interface ConversationView {
  /** A session is talked to from now on. */
  begin(session: SessionHandle, isResumed: boolean): void
  event(event: SessionEvent): void
  /** A turn has ended, and everything of it was shown. */
  ended(result: TurnResult): void
  /** Something could not be shown. */
  failed(error: unknown): void
  /** What waits, or whether something runs, is different now. */
  changed(): void
}

/** Talks to a session: one turn at a time, what is said meanwhile waits or joins it. Knows no terminal. */
export class Conversation {
  readonly #view: ConversationView
  readonly #settingsOf: (session: SessionHandle, isResumed: boolean) => TurnOptions
  #settings: TurnOptions
  #session: SessionHandle
  #reading: AbortController
  #running = new Set<TurnHandle>()
  #waiting: string[] = []
  #steering = new Map<TurnHandle, string>()
  /** The newest stored event that was shown. */
  #shown: number
  #whenShown: (() => void)[] = []
  #idle: Promise<void> = Promise.resolve()
  #ended: TurnId | undefined

  /** `settingsOf`: what each turn of a session is run with. */
  constructor(
    { session, isResumed }: StartedSession,
    settingsOf: (session: SessionHandle, isResumed: boolean) => TurnOptions,
    view: ConversationView,
  ) {
    this.#view = view
    this.#settingsOf = settingsOf
    this.#settings = settingsOf(session, isResumed)
    this.#session = session
    this.#shown = session.state.head
    this.#reading = this.#read(session)
    view.begin(session, isResumed)
  }

  get session(): SessionHandle {
    return this.#session
  }

  get isBusy(): boolean {
    return this.#running.size > 0
  }

  /** Prompts that are sent one by one when the running turn has ended. */
  get waiting(): readonly string[] {
    return this.#waiting
  }

  /** What was said into the running turn, and has not been read yet. */
  get steering(): readonly string[] {
    return [...this.#steering.values()]
  }

  /** Sends a prompt; while a turn runs, it waits. */
  submit(text: string): void {
    if (this.isBusy) this.#waiting.push(text)
    else this.#follow(this.#session.submitTurn(text, this.#settings))
    this.#view.changed()
  }

  /** Says something into the running turn, to be read at its next safe point; without one, it begins one. */
  steer(text: string): void {
    if (!this.isBusy) return this.submit(text)
    const turn = this.#session.submitTurn(text, { ...this.#settings, whenBusy: 'steer' })
    this.#steering.set(turn, text)
    this.#follow(turn)
    this.#view.changed()
  }

  /** Ends the running turn. What waited is given back: it was meant for another end. */
  async interrupt(reason: string): Promise<readonly string[]> {
    const given = [...this.#steering.values(), ...this.#waiting.splice(0)]
    for (const turn of this.#steering.keys()) turn.interrupt(reason)
    this.#steering.clear()
    await this.#session.interrupt(reason)
    return given
  }

  /** Resolves when nothing runs or waits, and everything was shown. */
  async whenIdle(): Promise<void> {
    while (this.isBusy || this.#waiting.length > 0) await this.#idle
  }

  /** From the next turn on, the session's own model answers, whatever the settings said. */
  useOwnModel(): void {
    const { model: _, ...others } = this.#settings
    this.#settings = others
  }

  /** Talks to another session from now on. Only while nothing runs. */
  async switchTo(session: SessionHandle, isResumed: boolean): Promise<void> {
    const old = this.#session
    this.#reading.abort()
    this.#session = session
    this.#settings = this.#settingsOf(session, isResumed)
    this.#shown = session.state.head
    this.#reading = this.#read(session)
    this.#view.begin(session, isResumed)
    await old.detach()
  }

  close(): void {
    this.#waiting = []
    this.#reading.abort()
  }

  #follow(turn: TurnHandle): void {
    this.#running.add(turn)
    this.#idle = this.#settle(turn)
  }

  async #settle(turn: TurnHandle): Promise<void> {
    const result = await turn.result
    await this.#everythingShown()
    this.#running.delete(turn)
    this.#steering.delete(turn)
    // What joined a turn has that turn's result.
    if (this.#ended !== result.turnId) this.#view.ended(result)
    this.#ended = result.turnId
    const next = this.isBusy ? undefined : this.#waiting.shift()
    if (next !== undefined) this.submit(next)
    this.#view.changed()
  }

  /** Shows everything that happens in a session from now on. */
  #read(session: SessionHandle): AbortController {
    const reading = new AbortController()
    const { signal } = reading
    const events = session.events({ after: session.state.head, live: true, signal })
    const show = async (): Promise<void> => {
      for await (const event of events) {
        if (signal.aborted) return
        this.#view.event(event)
        if (isStored(event)) this.#noteShown(event)
      }
    }
    void show()
      .catch((error: unknown) => this.#view.failed(error))
      .finally(() => {
        if (this.#reading === reading) this.#letGo(Infinity)
      })
    return reading
  }

  #noteShown(event: Extract<SessionEvent, { readonly seq: number }>): void {
    if (
      event.type === 'message.appended' &&
      event.message.role === 'user' &&
      event.message.origin === 'steer'
    ) {
      const [first] = this.#steering
      if (first) this.#steering.delete(first[0])
    }
    this.#letGo(event.seq)
  }

  #letGo(seq: number): void {
    this.#shown = seq
    for (const check of this.#whenShown.splice(0)) check()
  }

  async #everythingShown(): Promise<void> {
    while (this.#shown < this.#session.state.head)
      await new Promise<void>((resolve) => this.#whenShown.push(resolve))
  }
}
