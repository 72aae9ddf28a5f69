import type { ModelPart, ModelRequest, ToolSpec } from '@halter/core'
import type { ModelErrorKind } from '@halter/protocol'
import {
  checkRules,
  providerRules,
  type ActedReply,
  type ProviderHarness,
  type ProviderScene,
} from '@halter/testkit'
import { describe, expect, test } from 'vitest'
import { openPlain, PlainProvider } from './plain-provider.ts'

/** Takes whatever looks like its own. */
class AcceptsByEnding extends PlainProvider {
  override accepts(model: string): boolean {
    return model.endsWith('plain/model')
  }
}

/** Has a window of nothing. */
class KnowsNoWindow extends PlainProvider {
  override info() {
    return { ...super.info(), window: Number.NaN }
  }
}

/** Sorts the tools where they are. */
class SortsInPlace extends PlainProvider {
  protected override look({ tools }: ModelRequest): void {
    ;(tools as ToolSpec[]).sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

/** Fails on what it has no word for. */
class TakesOnlyText extends PlainProvider {
  protected override look({ messages }: ModelRequest): void {
    for (const { parts } of messages)
      if (parts.some(({ kind }) => kind === 'image')) throw this.failure('invalid-request')
  }
}

/** Sends every text as it is, to an API that takes no half characters. */
class SendsHalfCharacters extends PlainProvider {
  protected override look({ messages }: ModelRequest): void {
    if (!JSON.stringify(messages.slice()).includes('\\ud800')) return
    throw this.failure('invalid-request')
  }
}

/** Sends every call id as it is. */
class SendsForeignIds extends PlainProvider {
  protected override look({ messages }: ModelRequest): void {
    for (const message of messages)
      if (message.role === 'tool' && !/^[\w-]+$/.test(message.callId)) throw this.failure('invalid-request')
  }
}

/** Forgets what it signed. */
class RefusesItsOwnThinking extends PlainProvider {
  protected override look({ messages }: ModelRequest): void {
    for (const { parts } of messages)
      for (const part of parts)
        if (part.kind === 'thinking' && part.signature === 'signed') throw this.failure('invalid-request')
  }
}

/** A change of what a plain provider streams. */
function changing(change: (part: ModelPart) => ModelPart | readonly ModelPart[]): typeof PlainProvider {
  return class extends PlainProvider {
    protected override *reply(acted: ActedReply): Generator<ModelPart> {
      for (const part of super.reply(acted)) yield* [change(part)].flat()
    }
  }
}

/** Says everything trimmed. */
const TrimsText = changing((part) =>
  part.type === 'text.delta' ? { ...part, text: part.text.trim() } : part,
)
/** Never ends a block. */
const LeavesBlocksOpen = changing((part) => (part.type === 'text.end' ? [] : part))
/** Ends, and then thinks of something else. */
const TalksAfterTheEnd = changing((part) =>
  part.type === 'end' ? [part, { type: 'warning', message: 'By the way' }] : part,
)
/** Thinks aloud. */
const ThinksAloud = changing((part) =>
  part.type === 'thinking.delta' ? [part, { type: 'text.delta', id: 'text', text: part.text }] : part,
)
/** Gives every call the same id. */
const CallsAreOne = changing((part) => (part.type === 'toolInput.start' ? { ...part, callId: 'call' } : part))
/** Mends what the model wrote. */
const MendsInputs = changing((part) => (part.type === 'toolInput.delta' ? { ...part, text: '{}' } : part))
/** Counts cached input twice. */
const CountsTheCacheBeside = changing((part) =>
  part.type === 'usage' ? { ...part, usage: { ...part.usage, inputTokens: 20 } } : part,
)
/** Ends every reply well. */
const EndsWell = changing((part) => (part.type === 'end' ? { ...part, stopReason: 'end' } : part))

/** Hands out the parts of all calls to whoever asks next. */
class SharesItsState extends PlainProvider {
  #pending: ModelPart[] = []
  protected override async *act(
    scene: ProviderScene | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ModelPart> {
    for await (const part of super.act(scene, signal)) {
      this.#pending.push(part)
      await new Promise((resolve) => setImmediate(resolve))
      yield* this.#pending.splice(0)
    }
  }
}

/** Tells every failure as the caller's fault. */
class BlamesTheCaller extends PlainProvider {
  protected override failure(kind: ModelErrorKind, retryAfterMs?: number) {
    return super.failure(kind === 'cancelled' ? kind : 'invalid-request', retryAfterMs)
  }
}

/** Keeps to itself when to come back. */
class ForgetsWhen extends PlainProvider {
  protected override failure(kind: ModelErrorKind) {
    return super.failure(kind)
  }
}

/** Tries again by itself. */
class TriesAgain extends PlainProvider {
  override async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    try {
      yield* super.stream(request, signal)
    } catch {
      yield* super.stream(request, signal)
    }
  }
}

/** Takes a broken connection for the end of the reply. */
class MakesAnEnd extends PlainProvider {
  protected override async *act(
    scene: ProviderScene | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ModelPart> {
    try {
      yield* super.act(scene, signal)
    } catch (error) {
      if (scene?.act !== 'break') throw error
      yield { type: 'end', stopReason: 'end' }
    }
  }
}

/** Looks at the signal only while it waits. */
class CallsFirst extends PlainProvider {
  protected override checkSignal(): void {}
}

/** Waits for the model, whatever anybody says. */
class IgnoresItsSignal extends PlainProvider {
  protected override hang(): Promise<never> {
    return new Promise(() => {})
  }
}

/** Leaves the model working. */
class KeepsTheModel extends PlainProvider {
  protected override letGo(): void {}
}

const broken: readonly [typeof PlainProvider, string][] = [
  [AcceptsByEnding, 'its own models are accepted, and no others'],
  [KnowsNoWindow, 'what is known of a model can be reckoned with'],
  [SortsInPlace, 'the request is left as it was'],
  [TakesOnlyText, 'what cannot be sent is left out, and what cannot be shown is described'],
  [SendsHalfCharacters, 'text that no API takes is sent in a form that it takes'],
  [SendsForeignIds, 'calls that other models made are taken, whatever their ids and inputs'],
  [RefusesItsOwnThinking, 'what a model thought goes back to it, signed'],
  [TrimsText, 'text comes through as it was written'],
  [LeavesBlocksOpen, 'every block is started, filled and ended, in this order'],
  [TalksAfterTheEnd, 'one end comes, and it comes last'],
  [ThinksAloud, 'thinking is told apart from text'],
  [CallsAreOne, 'tool calls come with their ids, names and inputs'],
  [MendsInputs, 'an input that is no JSON comes through as it was written'],
  [CountsTheCacheBeside, 'usage is told before the end, the cache as part of the input'],
  [EndsWell, 'a reply that stopped with "max-output" says so'],
  [EndsWell, 'a reply that stopped with "refused" says so'],
  [SharesItsState, 'two calls at once do not mix'],
  [BlamesTheCaller, 'a failure of the kind "overloaded" is told as one'],
  [BlamesTheCaller, 'a failure of the kind "context-too-long" is told as one'],
  [ForgetsWhen, 'when to come back is passed on'],
  [TriesAgain, 'a failed call is not tried again: that is the runtime’s to decide'],
  [TriesAgain, 'a failure in the middle comes after what was said before it'],
  [MakesAnEnd, 'a reply that breaks off has no end, and may be asked for again'],
  [CallsFirst, 'a signal that is aborted already stops the call before it is made'],
  [IgnoresItsSignal, 'an abort ends a call that has said nothing yet'],
  [IgnoresItsSignal, 'an abort ends a reply in the middle'],
  [KeepsTheModel, 'a reader that leaves lets the model go'],
]

test('a provider that keeps everything keeps every rule', async () => {
  const outcomes = await checkRules(providerRules, harnessOf(PlainProvider))
  expect(outcomes.filter(({ status }) => status !== 'kept')).toEqual([])
})

describe('a broken provider is caught by the rule it breaks', () => {
  test.each(broken)('%o', async (Class, name) => {
    const rule = providerRules.filter((each) => each.name === name)
    expect(await checkRules(rule, harnessOf(Class))).toMatchObject([{ name, status: 'broken' }])
  })
})

test('a scene that the model cannot act is skipped with the reason', async () => {
  const outcomes = await checkRules(providerRules, {
    ...harnessOf(PlainProvider),
    cannot: (scene) =>
      scene.act === 'reply' && scene.reply.thinking !== undefined ? 'the API has no thinking' : undefined,
  })
  expect(outcomes).toContainEqual({
    name: 'thinking is told apart from text',
    status: 'skipped',
    reason: 'the API has no thinking',
  })
  expect(outcomes.filter(({ status }) => status === 'broken')).toEqual([])
})

test('every rule has a name of its own', () => {
  const names = providerRules.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

function harnessOf(Class: typeof PlainProvider): ProviderHarness {
  return { open: async (scenes) => openPlain(Class, scenes) }
}
