import {
  EVENT_VERSIONS,
  type AssistantPart,
  type Json,
  type PendingEvent,
  type SeqRange,
  type StoredEvent,
  type ToolOutcome,
  type TurnFailure,
  type Usage,
  type UserPart,
} from '../../src/index.ts'
import type {
  AsideScript,
  CallScript,
  CompactionScript,
  EpisodeScript,
  LogScript,
  StepScript,
  TurnScript,
} from './log-script.ts'
import { blocksOf, openCallsOf, openTurnOf, seqsOf, type Block } from './naive-window.ts'

const NOTHING: Usage = { inputTokens: 0, outputTokens: 0 }

/** Plays a script into the events that a session would have stored. */
export class Player {
  readonly #callIds: 'session' | 'reply'
  #events: StoredEvent[] = []
  #sessionId = 'session-1'
  #clock: readonly number[] = [1]
  #at = 1_700_000_000_000
  #ids = 0

  constructor(callIds: 'session' | 'reply') {
    this.#callIds = callIds
  }

  play(script: LogScript): readonly StoredEvent[] {
    this.#clock = script.clock
    const { title } = script
    this.#append({
      type: 'session.started',
      blueprint: {
        sessionId: this.#sessionId,
        depth: 0,
        model: 'large',
        workingDir: '/work',
        limits: { steps: 50 },
        metadata: {},
        ...(title !== undefined && { title }),
      },
    })
    for (const episode of script.episodes) this.#playEpisode(episode)
    return this.#events
  }

  #playEpisode(episode: EpisodeScript): void {
    switch (episode.kind) {
      case 'turn':
        return this.#playTurn(episode)
      case 'aside':
        return this.#playAside(episode.aside)
      case 'compact':
        return this.#compact(episode.compaction, 'manual')
      case 'update': {
        const { title, metadata, model } = episode
        return this.#append({
          type: 'session.updated',
          ...(title !== undefined && { title }),
          ...(metadata !== undefined && { metadata }),
          ...(model !== undefined && { model }),
        })
      }
      case 'reopen':
        this.#append({ type: 'session.closed', reason: 'shutdown' })
        return this.#append({ type: 'session.resumed', interrupted: 'close' })
      case 'crash':
        this.#events = this.#events.slice(0, Math.max(1, this.#events.length - episode.back))
        this.#repair()
        return this.#append({ type: 'session.resumed', interrupted: 'close' })
      case 'fork':
        return this.#fork(Math.max(1, this.#events.length - episode.back))
    }
  }

  #playTurn(turn: TurnScript): void {
    const turnId = this.#next('turn')
    const input: readonly UserPart[] = [
      { kind: 'text', text: turn.prompt },
      ...(turn.media ? [{ kind: 'document', mediaType: 'application/pdf', data: 'JVBERi0=' } as const] : []),
    ]
    this.#append({ type: 'turn.started', turnId, generation: 1, revision: 'r1', input })
    for (const aside of turn.asides) this.#playAside(aside, turnId)
    if (turn.ending === 'prompt-refused') {
      this.#append({ type: 'prompt.refused', turnId, reason: 'not today' })
      return this.#append({ type: 'turn.completed', turnId, usage: NOTHING, reason: 'refused' })
    }
    this.#say(turnId, input)
    for (const step of turn.steps) this.#playStep(step, turnId)
    this.#end(turn, turnId)
  }

  #end({ ending, reply, usage }: TurnScript, turnId: string): void {
    if (ending === 'stop' || ending === 'max-output' || ending === 'refused') {
      const stopReason = ending === 'stop' ? 'end' : ending
      this.#reply(turnId, [{ kind: 'text', text: reply }], stopReason, usage)
      return this.#append({ type: 'turn.completed', turnId, usage, reason: ending })
    }
    if (ending === 'interrupted') this.#reply(turnId, [{ kind: 'text', text: reply }], 'interrupted', usage)
    const error = {
      code: 'ERR_MODEL_FAILED',
      message: 'The model is away.',
      cause: { code: 'E', message: 'x' },
    }
    this.#append({
      type: 'turn.failed',
      turnId,
      reason: ending as TurnFailure,
      usage,
      retryable: ending === 'error',
      ...(ending === 'error' && { error }),
    })
  }

  #playStep(step: StepScript, turnId: string): void {
    for (const aside of step.asides) this.#playAside(aside, turnId)
    if (step.compaction) this.#compact(step.compaction, 'auto', turnId)
    const calls = step.calls.map((call, index) => ({
      ...call,
      callId: this.#callIds === 'session' ? this.#next('call') : `call-${index}`,
    }))
    this.#reply(turnId, replyParts(step, calls), 'tool-calls', step.usage)
    for (const batch of batchesOf(calls)) this.#playBatch(batch, turnId)
    if (step.steer !== undefined) this.#say(turnId, [{ kind: 'text', text: step.steer }], 'steer')
  }

  #playBatch(batch: readonly (CallScript & { callId: string })[], turnId: string): void {
    const finish = (call: CallScript & { callId: string }) => {
      const { callId, parts } = call
      const outcome = call.input === undefined ? 'error' : call.outcome
      for (const aside of call.asides) this.#playAside(aside, turnId)
      this.#append({
        type: 'toolCall.finished',
        turnId,
        callId,
        outcome,
        messageId: this.#next('message'),
        parts,
      })
    }
    const running: (CallScript & { callId: string })[] = []
    for (const call of batch) {
      const { callId, name, input } = call
      if (call.asked && input !== undefined) this.#ask({ ...call, input }, turnId)
      const isStarted =
        input !== undefined &&
        (call.outcome === 'ok' || call.outcome === 'error' || (call.outcome === 'cancelled' && !call.asked))
      if (!isStarted) finish(call)
      else {
        this.#append({ type: 'toolCall.started', turnId, callId, name, input })
        running.push(call)
      }
    }
    for (const call of running.toSorted((a, b) => a.finishes - b.finishes)) finish(call)
  }

  #ask(call: CallScript & { callId: string; input: Json }, turnId: string): void {
    const { callId, name, input, outcome, asked } = call
    const scope = `tool:${name}`
    this.#append({ type: 'approval.requested', turnId, callId, name, input, scope })
    if (outcome === 'cancelled' || outcome === 'not-started') return
    const answer = outcome === 'denied' ? 'deny' : asked!
    this.#append({ type: 'approval.resolved', callId, answer, scope, by: 'user' })
  }

  #playAside(aside: AsideScript, turnId?: string): void {
    const ofTurn = turnId !== undefined && { turnId }
    switch (aside.kind) {
      case 'note':
        return this.#append({ type: 'plugin.noted', plugin: aside.plugin, name: 'seen', data: aside.data })
      case 'notify':
        return this.#append({ type: 'notification.raised', kind: 'info', message: aside.message })
      case 'warning':
        return this.#append({ type: 'warning.raised', code: 'ERR_X', message: aside.message, ...ofTurn })
      case 'hook': {
        const { detail } = aside
        const run = {
          plugin: 'hooks',
          hook: 'turn.end',
          handler: 'echo',
          status: 'completed',
          detail,
        } as const
        return this.#append({ type: 'hook.ran', run, ...ofTurn })
      }
      case 'cache':
        return this.#append({ type: 'cache.broken', segment: aside.segment })
      case 'metadata':
        return this.#append({ type: 'model.metadata', purpose: 'turn', data: aside.data, ...ofTurn })
      case 'usage':
        return this.#use(aside.purpose, aside.usage, turnId)
      case 'pluginCall':
        return turnId === undefined ? undefined : this.#callForPlugin(aside.input, aside.outcome, turnId)
      case 'inject': {
        const { text, scope } = aside
        return this.#append({
          type: 'context.injected',
          id: this.#next('segment'),
          text,
          scope,
          plugin: 'memory',
        })
      }
      case 'spawn':
        return this.#append({
          type: 'subagent.spawned',
          childId: this.#next('child'),
          task: aside.task,
          ...ofTurn,
        })
      case 'settle': {
        const childId = this.#runningChild()
        const { outcome, usage } = aside
        if (childId !== undefined)
          this.#append({ type: 'subagent.settled', childId, outcome, ...(usage && { usage }) })
      }
    }
  }

  #callForPlugin(input: Json, outcome: ToolOutcome, turnId: string): void {
    const call = { turnId, callId: this.#next('call'), by: 'commands' }
    const isStarted = outcome !== 'denied'
    if (isStarted) this.#append({ type: 'toolCall.started', ...call, name: 'shell', input })
    this.#append({
      type: 'toolCall.finished',
      ...call,
      outcome,
      messageId: this.#next('message'),
      parts: [],
      ...(!isStarted && { call: { name: 'shell', input } }),
    })
  }

  #runningChild(): string | undefined {
    const own = this.#events.slice(this.#events.findLastIndex(({ type }) => type === 'session.forked') + 1)
    const settled = new Set(own.map((event) => event.type === 'subagent.settled' && event.childId))
    return own
      .filter((event) => event.type === 'subagent.spawned')
      .map(({ childId }) => childId)
      .find((childId) => !settled.has(childId))
  }

  #compact(script: CompactionScript, trigger: 'auto' | 'manual', turnId?: string): void {
    const open = this.#events.findLast(({ type }) => type === 'turn.started')?.seq
    const groups = groupsOf(blocksOf(this.#events)).filter(([first]) => !turnId || first!.group !== open)
    if (groups.length === 0) return
    const from = script.from % groups.length
    const leaving = groups.slice(from, from + script.turns).flat()
    const { summary, usage } = script
    if (usage) this.#use('compaction', usage, turnId)
    this.#append({
      type: 'compaction.applied',
      trigger,
      droppedSeqs: rangesOf(leaving.flatMap(seqsOf)),
      summary,
      ...(script.isNative && summary !== '' && { native: { provider: 'acme', data: { item: 1 } } }),
      tokensBefore: 100,
      tokensAfter: 10,
      ...(usage && { usage }),
      ...(turnId !== undefined && { turnId }),
    })
  }

  #fork(at: number): void {
    const from = this.#sessionId
    this.#sessionId = this.#next('session')
    this.#events = this.#events.slice(0, at).map((event) => ({ ...event, sessionId: this.#sessionId }))
    this.#append({
      type: 'session.forked',
      from,
      atSeq: at,
      inheritedUsage: { inputTokens: 7, outputTokens: 7 },
    })
    this.#repair()
  }

  #repair(): void {
    for (const event of repairOf(this.#events)) this.#append(event)
  }

  #say(turnId: string, parts: readonly UserPart[], origin?: 'steer'): void {
    const message = {
      role: 'user',
      id: this.#next('message'),
      at: this.#at,
      parts,
      ...(origin && { origin }),
    } as const
    this.#append({ type: 'message.appended', turnId, message })
  }

  #reply(
    turnId: string,
    parts: readonly AssistantPart[],
    stopReason: 'end' | 'tool-calls' | 'max-output' | 'refused' | 'interrupted',
    usage: Usage,
  ): void {
    const from = { provider: 'acme', model: 'large-1' }
    const message = {
      role: 'assistant',
      id: this.#next('message'),
      at: this.#at,
      parts,
      stopReason,
      from,
    } as const
    this.#append({ type: 'message.appended', turnId, message })
    this.#use('turn', usage, turnId)
  }

  #use(purpose: string, usage: Usage, turnId?: string): void {
    const ofTurn = turnId !== undefined && { turnId }
    this.#append({ type: 'usage.recorded', purpose, model: 'large', usage, ...ofTurn })
  }

  #append(event: PendingEvent): void {
    const seq = this.#events.length + 1
    this.#at += this.#clock[seq % this.#clock.length]!
    const envelope = { sessionId: this.#sessionId, seq, at: this.#at, v: EVENT_VERSIONS[event.type] }
    this.#events.push({ ...envelope, ...event })
  }

  #next(kind: string): string {
    this.#ids += 1
    return `${kind}-${this.#ids}`
  }
}

/** What a resume appends to a log that ends in the middle of something, so that it can go on. */
export function repairOf(events: readonly StoredEvent[]): readonly PendingEvent[] {
  const turnId = openTurnOf(events)
  const answers = openCallsOf(events).map(({ callId, isStarted }, index): PendingEvent => {
    const outcome = isStarted ? 'outcome-unknown' : 'not-started'
    const parts = [{ kind: 'text', text: `The process stopped: ${outcome}.` }] as const
    const messageId = `repair-${events.length + 1 + index}`
    return { type: 'toolCall.finished', turnId: turnId ?? 'turn', callId, outcome, messageId, parts }
  })
  if (turnId === undefined) return answers
  const ended = new Set(events.map((event) => event.type === 'toolCall.finished' && event.callId))
  const ofPlugins = events.flatMap((event): PendingEvent[] => {
    if (event.type !== 'toolCall.started' || event.by === undefined || ended.has(event.callId)) return []
    const { callId, by } = event
    const messageId = `repair-${callId}`
    return [
      { type: 'toolCall.finished', turnId, callId, outcome: 'outcome-unknown', messageId, parts: [], by },
    ]
  })
  return [
    ...answers,
    ...ofPlugins,
    { type: 'turn.failed', turnId, reason: 'crashed', usage: NOTHING, retryable: true },
  ]
}

/** `events` and `more`, stamped as the next of the same log. */
export function extendLog(
  events: readonly StoredEvent[],
  more: readonly PendingEvent[],
): readonly StoredEvent[] {
  const { sessionId, at, seq } = events.at(-1)!
  const stamp = (event: PendingEvent, index: number) =>
    ({ sessionId, at, seq: seq + 1 + index, v: EVENT_VERSIONS[event.type], ...event }) as StoredEvent
  return [...events, ...more.map(stamp)]
}

function replyParts(
  { thinking, isSigned, text }: StepScript,
  calls: readonly (CallScript & { callId: string })[],
): readonly AssistantPart[] {
  return [
    ...(thinking === undefined
      ? []
      : [{ kind: 'thinking', text: thinking, ...(isSigned && { signature: 'c2ln' }) } as const]),
    ...(text === undefined ? [] : [{ kind: 'text', text } as const]),
    ...calls.map(({ callId, name, input }) =>
      input === undefined
        ? ({ kind: 'toolCall', callId, name, malformed: '{"a":' } as const)
        : ({ kind: 'toolCall', callId, name, input } as const),
    ),
  ]
}

function batchesOf<T extends CallScript>(calls: readonly T[]): readonly T[][] {
  const batches: T[][] = []
  for (const call of calls) {
    if (batches.length === 0 || call.isBatchStart) batches.push([])
    batches.at(-1)!.push(call)
  }
  return batches
}

function groupsOf(blocks: readonly Block[]): readonly Block[][] {
  const groups: Block[][] = []
  for (const block of blocks) {
    if (groups.at(-1)?.[0]?.group === block.group) groups.at(-1)!.push(block)
    else groups.push([block])
  }
  return groups
}

function rangesOf(seqs: readonly number[]): readonly SeqRange[] {
  const ranges: { from: number; to: number }[] = []
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last && last.to + 1 === seq) last.to = seq
    else ranges.push({ from: seq, to: seq })
  }
  return ranges
}
