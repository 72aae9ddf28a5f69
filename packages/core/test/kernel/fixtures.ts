import type { SessionBlueprint } from '@halter/protocol'
import {
  definePlugin,
  type Cradle,
  type HookName,
  type Hooks,
  type Logger,
  type Plugin,
  type SessionPort,
} from '@halter/core'
import { onTestFinished } from 'vitest'
import type { DispatchContext, HookTable } from '../../src/kernel/dispatch.ts'
import { Kernel, type KernelOptions, type PluginSources } from '../../src/kernel/kernel.ts'

/** A warning that reached the kernel's owner or a session. */
export interface Warning {
  readonly code: string
  readonly message: string
  readonly plugin?: string | undefined
}

/** A logger that keeps its lines. */
export class LineLogger implements Logger {
  readonly lines: unknown[][]
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(lines: unknown[][] = [], fields: Readonly<Record<string, unknown>> = {}) {
    this.lines = lines
    this.#fields = fields
  }

  debug(message: string, fields?: object): void {
    this.lines.push(['debug', message, { ...this.#fields, ...fields }])
  }

  info(message: string, fields?: object): void {
    this.lines.push(['info', message, { ...this.#fields, ...fields }])
  }

  warn(message: string, fields?: object): void {
    this.lines.push(['warn', message, { ...this.#fields, ...fields }])
  }

  error(message: string, fields?: object): void {
    this.lines.push(['error', message, { ...this.#fields, ...fields }])
  }

  child(fields: object): Logger {
    return new LineLogger(this.lines, { ...this.#fields, ...fields })
  }
}

const FILLED = [
  'sessionStore',
  'contextManager',
  'promptAssembler',
  'models',
  'budget',
  'clock',
  'ids',
  'random',
  'environment',
  'watcher',
  'logger',
] as const

/** Fills what nothing runs without. The kernel calls none of it but the logger. */
export function basePlugin(services: Partial<Cradle> = {}): Plugin {
  return definePlugin({
    name: 'base',
    apiVersion: 1,
    provides: FILLED,
    setup: () => ({ ...stubs(), ...services }),
  })
}

function stubs(): Pick<Cradle, (typeof FILLED)[number]> {
  const stub = Object.fromEntries(FILLED.map((slot) => [slot, { stubOf: slot }]))
  return { ...stub, logger: new LineLogger() } as unknown as Pick<Cradle, (typeof FILLED)[number]>
}

/** A preset with the base plugin, as most tests want it. */
export const base = { name: 'base', plugins: [basePlugin()] }

/** Options that fail fast, and keep warnings. */
export function kernelOptions(options: Partial<KernelOptions> = {}): KernelOptions & {
  readonly warnings: Warning[]
} {
  const warnings: Warning[] = []
  return {
    timeouts: { setup: 500, tap: 500, cleanup: 500 },
    hasOpenSessions: () => false,
    onWarning: (warning) => void warnings.push(warning),
    ...options,
    warnings,
  }
}

/** Starts a kernel with the base preset; it is disposed with the test. */
export async function startKernel(
  plugins: PluginSources['plugins'] = [],
  options: KernelOptions = kernelOptions(),
): Promise<Kernel> {
  const kernel = await Kernel.start({ plugins, presets: [base] }, options)
  onTestFinished(() => kernel.dispose())
  return kernel
}

export const blueprint: SessionBlueprint = {
  sessionId: 's1',
  depth: 0,
  model: 'm',
  workingDir: '/tmp',
  limits: {},
  metadata: {},
}

/** A place to call hooks from. */
export function dispatchContext(
  from: Partial<DispatchContext> = {},
): DispatchContext & { readonly warnings: Warning[] } {
  const warnings: Warning[] = []
  return {
    portFor: (plugin) => ({ blueprint, plugin }) as unknown as SessionPort,
    turn: { turnId: 't1' },
    step: 1,
    signal: undefined,
    warn: (code, message, plugin) => void warnings.push({ code, message, plugin }),
    ...from,
    warnings,
  }
}

const plan = { messages: { length: 0 }, segments: [], estimatedTokens: 0 }
const request = {
  sessionId: 's1',
  purpose: 'turn',
  model: 'm',
  system: [],
  messages: { length: 0 },
  tail: [],
  tools: [],
  breakpoints: [],
}
const message = {
  role: 'assistant',
  id: 'm1',
  at: 0,
  parts: [],
  stopReason: 'end',
  from: { provider: 'p', model: 'm' },
}
const call = { callId: 'c1', name: 'read', input: {} }
const result = { call, parts: [], isError: false, outcome: 'ok' }

/** One input per hook, as the session layer would make it. */
export const INPUTS = {
  'session.transform': blueprint,
  'session.start': { source: 'startup' },
  'session.end': { reason: 'done' },
  'turn.start': { turnId: 't1', input: [] },
  'turn.end': { turnId: 't1', outcome: 'stop', usage: {} },
  'prompt.transform': { parts: [], notes: [] },
  'prompt.guard': { parts: [], notes: [] },
  'context.transform': plan,
  'compaction.transform': { trigger: 'auto', window: 100 },
  'compaction.guard': { trigger: 'auto', window: 100 },
  'compaction.end': { trigger: 'auto', summary: 'x' },
  'request.transform': request,
  'response.transform': message,
  'response.guard': message,
  'toolCall.transform': call,
  'toolCall.guard': call,
  'toolResult.transform': result,
  'toolCall.end': result,
  'approval.guard': { ...call, sessionId: 's1', turnId: 't1', scope: 'read' },
  'turn.guard': { steps: 1, lastMessage: message, stopHookActive: false },
  'subagent.transform': { task: 'x' },
  'subagent.guard': { task: 'x' },
  'subagent.start': blueprint,
  'notification.end': { kind: 'info', message: 'x' },
  'subagent.end': { childId: 'c', outcome: 'completed', text: '', usage: {} },
} as unknown as { readonly [H in HookName]: Hooks[H]['input'] }

/** Calls a hook by name, whatever its kind. */
export async function callHook(hooks: HookTable, hook: HookName, ctx: DispatchContext): Promise<unknown> {
  const kind = hook.split('.')[1] as 'transform' | 'guard'
  const method = kind === 'transform' || kind === 'guard' ? kind : 'observe'
  const dispatch = hooks[method] as (hook: HookName, input: unknown, ctx: DispatchContext) => unknown
  return await dispatch.call(hooks, hook, INPUTS[hook], ctx)
}

/** A plugin that only taps. */
export function tapping(name: string, setup: (ctx: Parameters<Plugin['setup']>[0]) => void): Plugin {
  return definePlugin({
    name,
    apiVersion: 1,
    setup: (ctx) => {
      setup(ctx)
      return {}
    },
  })
}
