import {
  definePlugin,
  type ContextManager,
  type ModelPart,
  type Plugin,
  type PromptAssembler,
} from '@halter/core'
import memoryStore from '@halter/plugin-memory-store'
import { figure, type Figure } from '../figure.ts'
import { BenchModel, type PlainRequest } from '../model.ts'
import { inTurn, median } from '../rounds.ts'
import { SmallModel } from '../small-model.ts'
import { ourSteps } from '../steps.ts'
import { openSubject } from '../subject.ts'

/** Where a step is looked at: so many messages, and the stretch around that whose middle counts. */
const PLACES = { 100: [80, 120], 1_000: [900, 1_100], 10_000: [9_500, 10_000] } as const
const STEPS = 5_010 // two messages each
/** Long enough for many compactions of a small window. */
const LONG_TURN = 2_000
const WINDOW = 20_000

/** W11: what a step's plan and prompt cost as the transcript grows, and what a compaction saves. */
export async function context(): Promise<readonly Figure[]> {
  return [...(await planning()), ...(await compactions())]
}

async function planning(): Promise<readonly Figure[]> {
  const watch = new PlanWatch()
  await using subject = await openSubject({
    plugins: [memoryStore, watch.plugin],
    model: new UnreadingModel(),
  })
  const rounds: Record<keyof typeof PLACES, number[]> = { 100: [], 1_000: [], 10_000: [] }
  const round = async (): Promise<number> => {
    watch.reset()
    await ourSteps(subject, STEPS)
    for (const place of [100, 1_000, 10_000] as const) rounds[place].push(watch.usAt(PLACES[place]))
    return 0
  }
  await inTurn(7, { round }, 0)
  const us = (place: keyof typeof PLACES): number[] => rounds[place].slice(1)
  const line = { row: 'W11', unit: 'µs/step', floor: us(100), floorIs: 'halter, 100 messages' }
  const goal = { of: 'ratio', atMost: 1.25 } as const
  return [
    figure({ row: 'W11', work: 'plan and prompt of a step, 100 messages', unit: 'µs/step', ours: us(100) }),
    figure({ ...line, work: 'the same at 1,000 messages', ours: us(1_000), goal }),
    figure({ ...line, work: 'the same at 10,000 messages', ours: us(10_000), goal }),
  ]
}

/**
 * Does not look at the transcript. To put 10,000 messages into another shape empties the caches of the processor, and everything that
 * comes after it is some microseconds slower, whoever does it.
 */
class UnreadingModel extends BenchModel {
  override stream(request: PlainRequest): AsyncGenerator<ModelPart> {
    return super.stream({ ...request, messages: [] })
  }
}

/** Notes how long each step's plan and prompt took, and how many messages there were. */
class PlanWatch {
  readonly #messages: number[] = []
  readonly #us: number[] = []
  #start = 0

  readonly plugin: Plugin = definePlugin({
    name: '@halter/bench/plan-watch',
    apiVersion: 1,
    decorates: ['contextManager', 'promptAssembler'],
    setup: () => ({
      contextManager: (inner: ContextManager): ContextManager => ({
        plan: (input, signal) => {
          this.#messages.push(input.state.transcript.length)
          this.#start = performance.now()
          return inner.plan(input, signal)
        },
        compactNow: (request, input, signal) => inner.compactNow(request, input, signal),
      }),
      promptAssembler: (inner: PromptAssembler): PromptAssembler => ({
        assemble: async (input, signal) => {
          const prompt = await inner.assemble(input, signal)
          this.#us.push((performance.now() - this.#start) * 1000)
          return prompt
        },
      }),
    }),
  })

  reset(): void {
    this.#messages.length = 0
    this.#us.length = 0
  }

  usAt([from, to]: readonly [number, number]): number {
    return median(this.#us.filter((_, step) => this.#messages[step]! >= from && this.#messages[step]! <= to))
  }
}

/** How far the window of a long turn goes down when it is full. */
async function compactions(): Promise<readonly Figure[]> {
  await using subject = await openSubject({ model: new SmallModel(WINDOW) })
  const saved: number[] = []
  const after: number[] = []
  const before: number[] = []
  subject.runtime.events.listen((event) => {
    if (event.type !== 'compaction.applied') return
    before.push(event.tokensBefore)
    after.push(event.tokensAfter)
    saved.push(event.tokensBefore - event.tokensAfter)
  })
  await ourSteps(subject, LONG_TURN)
  if (saved.length < 5) throw new Error(`the turn was compacted ${saved.length} times only`)
  const line = { row: 'W11', floor: before, floorIs: 'tokens before it' }
  return [
    figure({ ...line, work: 'tokens saved per compaction, window of 20,000', unit: 'tokens', ours: saved }),
    figure({
      ...line,
      work: 'tokens that are left after it',
      unit: 'tokens',
      ours: after,
      goal: { of: 'ratio', atMost: 0.75 },
    }),
    figure({ row: 'W11', work: 'steps per compaction', unit: 'steps', ours: [LONG_TURN / saved.length] }),
  ]
}
