import { describe, expect, test } from 'vitest'
import type { CompactionInstructions, ContextInput } from '@halter/core'
import { transcript, type ContextPlan, type Message, type SessionState } from '@halter/protocol'
import { checkRules, contextManagerRules, type ContextManagerHarness } from '@halter/testkit'
import { SmallContextManager } from './small-context-manager.ts'

/** Shows the newest few messages, wherever that cuts. */
class ShowsTheNewestTen extends SmallContextManager {
  protected override show({ transcript: messages }: SessionState): ContextPlan['messages'] {
    return transcript(messages.slice(-10))
  }
}

/** Has no place for what hooks say. */
class ForgetsInjections extends SmallContextManager {
  protected override beside(): ContextPlan['segments'] {
    return []
  }
}

/** Tells the model how often it was asked. */
class Counts extends SmallContextManager {
  #count = 0

  protected override show(state: SessionState): ContextPlan['messages'] {
    const [first, ...rest] = state.transcript.slice()
    if (!first) return state.transcript
    const text = { kind: 'text' as const, text: `plan ${++this.#count}` }
    return transcript([{ ...first, parts: [...first.parts, text] } as Message, ...rest])
  }
}

/** Clears whatever is not among the newest results, so that something else is cleared at every step. */
class ClearsAtEveryStep extends SmallContextManager {
  protected override show(state: SessionState): ContextPlan['messages'] {
    const messages = state.transcript.slice()
    return transcript(
      messages.map((message, index) =>
        message.role === 'tool' && index < messages.length - 4 ? { ...message, parts: [] } : message,
      ),
    )
  }
}

/** Copies the transcript. */
class ReadsEverything extends SmallContextManager {
  protected override show(state: SessionState): ContextPlan['messages'] {
    return transcript([...state.transcript])
  }
}

/** Shows less when it is told to, by a cut that may part a call from its result. */
class ShowsHalf extends SmallContextManager {
  protected override show({ transcript: messages }: SessionState): ContextPlan['messages'] {
    return transcript(messages.length < 8 ? messages.slice() : messages.slice(-7))
  }
}

/** Does nothing about it, and says nothing. */
class IgnoresOverflow extends SmallContextManager {
  override async plan(input: ContextInput, signal: AbortSignal): Promise<ContextPlan> {
    return super.plan({ ...input, estimatedTokens: 0, overflow: false }, signal)
  }
}

/** A model that is down ends the turn. */
class FailsWithTheModel extends SmallContextManager {
  protected override degrade(_: ContextPlan, error: unknown): ContextPlan {
    throw error
  }
}

/** Waits for whatever it has begun to wait for. */
class IgnoresTheSignal extends SmallContextManager {
  protected override wait<T>(work: Promise<T>): Promise<T> {
    return work
  }
}

/** Replaces the prompt that has just been submitted. */
class CompactsTheNewestPrompt extends SmallContextManager {
  protected override cutAt(messages: readonly Message[]): number {
    return messages.length
  }
}

/** Names what it drops by place, not by event. */
class NamesIndexes extends SmallContextManager {
  protected override name(seqs: readonly number[]): { from: number; to: number }[] {
    return seqs.map((_, index) => ({ from: index, to: index }))
  }
}

/** Trusts the model to remember. */
class ForgetsObligations extends SmallContextManager {
  protected override complete(_: ContextInput, written: string): string {
    return written
  }
}

/** Knows no pins. */
class DropsPins extends SmallContextManager {
  protected override pinned(): ReadonlySet<string> {
    return new Set()
  }
}

/** Asks the hooks, and does as it likes. */
class OverrulesHooks extends SmallContextManager {
  protected override isWanted(): boolean {
    return true
  }
}

/** Has the model write in any case. */
class WritesItsOwnSummary extends SmallContextManager {
  protected override hookSummary(_: CompactionInstructions | undefined): string | undefined {
    return undefined
  }
}

/** Never gives up. */
class NeverGivesUp extends SmallContextManager {
  protected override isHopeless(): boolean {
    return false
  }
}

/** Takes what it gets. */
class TakesAnySummary extends SmallContextManager {
  protected override judge(_: ContextInput, written: string): string {
    return written
  }
}

const broken: readonly [typeof SmallContextManager, string][] = [
  [ShowsTheNewestTen, 'every plan is one that every model API takes, and shows the newest prompt'],
  [ShowsHalf, 'every plan is one that every model API takes, and shows the newest prompt'],
  [ForgetsInjections, 'a plan shows what was injected'],
  [Counts, 'the same state gives the same plan'],
  [Counts, 'where there is room, a plan shows everything, in order'],
  [ClearsAtEveryStep, 'what one step showed is how the next begins, until a compaction is recorded'],
  [ReadsEverything, 'a step looks at what is new, not at the whole transcript'],
  [IgnoresOverflow, 'a plan that is forced is smaller, or says why not'],
  [FailsWithTheModel, 'a plan does not fail because a summary could not be had'],
  [IgnoresTheSignal, 'an aborted signal ends the planning at once'],
  [IgnoresTheSignal, 'an aborted signal ends a compaction at once'],
  [CompactsTheNewestPrompt, 'with nothing to compact, nothing is compacted, and nobody is asked'],
  [CompactsTheNewestPrompt, 'no compaction drops the newest prompt, or parts a call from its result'],
  [NamesIndexes, 'a compaction names stored events, ascending and apart, and makes the context smaller'],
  [ForgetsObligations, 'what the plugins oblige to is kept, whatever the model writes, however often'],
  [DropsPins, 'a message that an obligation names stays as it is'],
  [OverrulesHooks, 'a hook that keeps the long context is obeyed'],
  [WritesItsOwnSummary, "a hook's summary is used, and no model is asked"],
  [NeverGivesUp, 'a size that never goes down is compacted twice in vain at most'],
  [TakesAnySummary, 'a summary longer than what it stands for is not used'],
]

test('a small context manager keeps every rule', async () => {
  const outcomes = await checkRules(contextManagerRules, harnessOf(SmallContextManager))
  expect(outcomes.filter(({ status }) => status !== 'kept')).toEqual([])
})

describe('a broken context manager is caught by the rule it breaks', () => {
  test.each(broken)('%o: %s', async (Manager, name) => {
    const rule = contextManagerRules.filter((each) => each.name === name)
    expect(await checkRules(rule, harnessOf(Manager))).toMatchObject([{ name, status: 'broken' }])
  })
})

test('every rule has a name of its own, and something that breaks it', () => {
  const names = contextManagerRules.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names.filter((name) => !broken.some((each) => each[1] === name))).toEqual([])
})

function harnessOf(Manager: typeof SmallContextManager): ContextManagerHarness {
  return { create: () => new Manager() }
}
