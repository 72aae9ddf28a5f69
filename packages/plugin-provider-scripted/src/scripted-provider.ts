import {
  HalterError,
  type Clock,
  type ModelInfo,
  type ModelPart,
  type ModelRequest,
  type Provider,
} from '@halter/core'
import type { Usage } from '@halter/protocol'
import { checkReply } from './check-script.ts'
import { compileReply, type CompiledReply } from './compile-reply.ts'
import { Cursor } from './cursor.ts'
import { demoReply } from './demo.ts'
import { UsageEstimate } from './estimate-usage.ts'
import { ReplyStream, sleepByTimer, type PreparedReply } from './reply-stream.ts'
import { ScriptFiles, type LoadedScript } from './script-files.ts'
import { DEFAULT_INFO, type Script, type ScriptFunction, type ScriptedReply } from './script.ts'

/** Settings of a {@link ScriptedProvider}. */
export interface ScriptedProviderOptions {
  /** Scripts that are values, for programs and tests: `scripted/<name>` plays them before any file of that name. */
  readonly scripts?: Readonly<Record<string, Script | ScriptFunction>>
  /** What delays are waited for by. Default: Node's own timers. */
  readonly clock?: Pick<Clock, 'sleep'>
}

type MaybePromise<T> = T | Promise<T>

const PREFIX = 'scripted/'
const DEMO: LoadedScript = Object.freeze({ name: 'demo', content: demoReply })

/** What one session and one script have come to. */
class Playback {
  readonly cursor = new Cursor()
  readonly estimate = new UsageEstimate()
  /** Calls so far. */
  count = 0
}

/**
 * Plays scripts: `scripted/<path>` is a file, `demo` a script that comes with the package. Each session starts each script at
 * its beginning, once per provider.
 */
export class ScriptedProvider implements Provider {
  readonly name = 'scripted'
  readonly #values: ReadonlyMap<string, LoadedScript>
  readonly #clock: Pick<Clock, 'sleep'>
  readonly #files = new ScriptFiles()
  readonly #playbacks = new Map<string, Playback>()
  readonly #compiled = new WeakMap<ScriptedReply, CompiledReply>()

  constructor({ scripts = {}, clock = { sleep: sleepByTimer } }: ScriptedProviderOptions = {}) {
    this.#clock = clock
    this.#values = new Map(Object.entries(scripts).map(([name, content]) => [name, { name, content }]))
  }

  accepts(model: string): boolean {
    return model === DEMO.name || model.startsWith(PREFIX)
  }

  /** @throws HalterError `ERR_MODEL_FAILED` when the script cannot be used. */
  info(model: string): MaybePromise<ModelInfo & { readonly model: string }> {
    return after(this.#load(model), ({ content, info }) => ({
      ...DEFAULT_INFO,
      ...(typeof content === 'function' ? info : content.info),
      model,
    }))
  }

  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart> {
    const prepare = () => after(this.#load(request.model), (script) => this.#prepare(script, request, signal))
    return new ReplyStream(prepare, this.#clock, signal)
  }

  #load(model: string): MaybePromise<LoadedScript> {
    if (model === DEMO.name) return DEMO
    const path = model.slice(PREFIX.length)
    return this.#values.get(path) ?? this.#files.load(path)
  }

  #prepare(script: LoadedScript, request: ModelRequest, signal: AbortSignal): MaybePromise<PreparedReply> {
    const playback = this.#playback(request)
    const index = playback.count++
    const { content } = script
    const reply =
      typeof content === 'function'
        ? after(content(request, { index, signal }), (reply) => checkedReply(script, reply))
        : scriptedReply(script.name, content, playback.cursor, request)
    return after(reply, (reply) => {
      const compiled = this.#compile(reply)
      return {
        reply: compiled,
        usage: usageOf(compiled, request, playback.estimate),
        callIdPrefix: `call-${request.messages.at(-1)?.id ?? index}`,
      }
    })
  }

  #playback({ sessionId, model }: ModelRequest): Playback {
    const key = `${sessionId}\n${model}`
    let playback = this.#playbacks.get(key)
    if (!playback) this.#playbacks.set(key, (playback = new Playback()))
    return playback
  }

  #compile(reply: ScriptedReply): CompiledReply {
    let compiled = this.#compiled.get(reply)
    if (!compiled) this.#compiled.set(reply, (compiled = compileReply(reply)))
    return compiled
  }
}

function scriptedReply(name: string, script: Script, cursor: Cursor, request: ModelRequest): ScriptedReply {
  const index = cursor.take(script, request)
  if (index !== undefined) return script.replies[index]!
  const agent = request.agent === undefined ? '' : ` of the agent "${request.agent}"`
  throw new HalterError(
    'ERR_MODEL_FAILED',
    `The script "${name}" has no reply left for a call for "${request.purpose}"${agent}: each of its ${script.replies.length} ` +
      'that fits was used. Add replies, or set "loop" to true.',
    { kind: 'invalid-request', data: { script: name, replies: script.replies.length } },
  )
}

function checkedReply({ name }: LoadedScript, reply: unknown): ScriptedReply {
  const problems = checkReply(reply)
  if (problems.length === 0) return reply as ScriptedReply
  throw new HalterError(
    'ERR_MODEL_FAILED',
    `The function of the script "${name}" returned something that is no reply: ${problems.join('; ')}. Correct it.`,
    { kind: 'invalid-request', data: { script: name } },
  )
}

/** A failing call reports only what the script says it cost. */
function usageOf(reply: CompiledReply, request: ModelRequest, estimate: UsageEstimate): Usage | undefined {
  if (reply.failure && !reply.usage) return undefined
  return { ...estimate.next(request, reply), ...reply.usage }
}

/** Now, where `value` is there; only what has to be waited for becomes a promise. */
function after<T, U>(value: MaybePromise<T>, then: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(then) : then(value)
}
