import type { ModelPart, ModelRequest, Provider } from '@halter/core'
import { transcript, type Message, type ModelErrorKind, type StopReason, type Usage } from '@halter/protocol'
import { SAMPLE_TIME, sampleId } from '../session-store/samples.ts'

/** A reply that a model is to give. What is there comes in this order: thinking, text, tool calls. */
export interface ActedReply {
  /** Signed, where the API signs thinking. */
  readonly thinking?: string
  /** As many pieces as the API will have it in. */
  readonly text?: readonly string[]
  /** `input` is what the model writes, to the letter; it need not be JSON. */
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly input: string }[]
  /** Default: something. */
  readonly usage?: Usage
  /** Default: `tool-calls` with tool calls, else `end`. */
  readonly stopReason?: Exclude<StopReason, 'interrupted'>
}

/** What the model behind a provider is to do when it is called. */
export type ProviderScene =
  | { readonly act: 'reply'; readonly reply: ActedReply }
  /** Says `text`, and then the connection is gone. */
  | { readonly act: 'break'; readonly text: string }
  /** Says `text`, or nothing, and then nothing more. */
  | { readonly act: 'hang'; readonly text?: string }
  /** Says `afterText`, or nothing, and fails. `retryAfterMs` is a whole number of seconds. */
  | {
      readonly act: 'fail'
      readonly kind: ModelErrorKind
      readonly retryAfterMs?: number
      readonly afterText?: string
    }

/** A provider under test, the model behind it, and how to let go of both. */
export interface OpenProvider {
  readonly provider: Provider
  /** The id of a model of the provider's, as users write it. */
  readonly model: string
  /** How many calls have reached the model. */
  calls(): number
  /** How many calls the model is still at work on, as far as it can tell. */
  openCalls(): number
  close(): Promise<void>
}

/** How the suite gets at an implementation. */
export interface ProviderHarness {
  /** Opens a provider whose model acts these scenes, one per call. A call too many is to fail. */
  open(scenes: readonly ProviderScene[]): Promise<OpenProvider>
  /** Why the model behind this provider cannot act a scene ("the API has no thinking"). Absent: it can act all. */
  cannot?(scene: ProviderScene): string | undefined
}

/** What came of one call: the parts, and the failure that ended them. */
export interface Heard {
  readonly parts: readonly ModelPart[]
  readonly failure?: Error
}

/** Opens a provider, uses it, and closes it whatever happens. */
export async function withProvider<T>(
  harness: ProviderHarness,
  scenes: readonly ProviderScene[],
  use: (open: OpenProvider) => Promise<T>,
): Promise<T> {
  const open = await harness.open(scenes)
  try {
    return await use(open)
  } finally {
    await open.close()
  }
}

/** Calls the model, and hears it to its end. Never rejects: a failure is part of what was heard. */
export async function hear(
  open: OpenProvider,
  request: Partial<ModelRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Heard> {
  const parts: ModelPart[] = []
  try {
    for await (const part of open.provider.stream(await sampleRequest(open, request), signal))
      parts.push(part)
    return { parts }
  } catch (failure) {
    return { parts, failure: asError(failure) }
  }
}

/** What was thrown; a provider that throws anything else than an error is told so. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(`${typeof thrown} was thrown, not an error`, { cause: thrown })
}

/** A request of one prompt, to the provider's model. */
export async function sampleRequest(
  { provider, model }: Pick<OpenProvider, 'provider' | 'model'>,
  request: Partial<ModelRequest> = {},
): Promise<ModelRequest> {
  const { model: own } = await provider.info(model)
  return {
    sessionId: sampleId(),
    purpose: 'turn',
    model: own,
    system: [],
    messages: transcript([sampleUserMessage('Say something.')]),
    tail: [],
    tools: [],
    breakpoints: [],
    ...request,
  }
}

/** A user's message of one text. */
export function sampleUserMessage(text: string): Message {
  return { role: 'user', id: sampleId(), at: SAMPLE_TIME, parts: [{ kind: 'text', text }] }
}
