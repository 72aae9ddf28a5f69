import type { DeclaredResource } from '@halter/core'
import type { Json } from '@halter/protocol'
import { compileCondition, type Condition } from './condition.ts'
import { functionHandlers, type HookDefinition } from './define-hook.ts'
import type { HookEventName } from './hook-events.ts'
import { areOff, hookFileOf } from './hook-files.ts'
import type { HookHandler } from './hook-handler.ts'
import { compileMatcher, type Matcher } from './matcher.ts'
import { parseHooks, type HookFile, type HookWarning, type ParsedHooks } from './parse-hooks.ts'

/** A handler, ready to be asked whether it is meant. */
export interface PlannedHandler {
  readonly handler: HookHandler
  readonly matcher: Matcher
  readonly condition: Condition
}

/** All handlers of a session at one moment, in the order in which they count. Immutable. */
export interface HookPlan {
  /** The same key, the same plan. */
  readonly key: string
  readonly handlers: readonly PlannedHandler[]
  readonly byEvent: ReadonlyMap<HookEventName, readonly PlannedHandler[]>
  readonly warnings: readonly HookWarning[]
}

/** A plan without handlers. */
export const EMPTY_PLAN: HookPlan = Object.freeze({
  key: '',
  handlers: [],
  byEvent: new Map(),
  warnings: [],
})

/** Plans remembered; each is small, and a session of another folder or revision needs another. */
const MAX_PLANS = 32

/** Makes plans and keeps them: sessions and turns with the same sources share one. */
export class HookPlans {
  readonly #functions: readonly HookDefinition[]
  readonly #inline: ParsedHooks
  readonly #plans = new Map<string, Promise<HookPlan>>()
  /** By the value of a declared resource, which is never changed: a file is parsed once, however often a snapshot is made. */
  readonly #parsed = new WeakMap<object, Map<string, ParsedHooks>>()
  readonly #numbers = new WeakMap<object, number>()
  #count = 0

  constructor(functions: readonly HookDefinition[], inline: HookFile | undefined) {
    this.#functions = functions
    this.#inline = inline ? parseHooks(inline) : { handlers: [], warnings: [] }
  }

  /** Whether anything is in a plan without files. */
  get hasOwn(): boolean {
    return this.#functions.length > 0 || this.#inline.handlers.length > 0 || this.#inline.warnings.length > 0
  }

  /** The plan of these files, whose values are never changed: the same value is the same file. */
  of(declared: readonly DeclaredResource[]): Promise<HookPlan> {
    const key = declared.map(({ source, value }) => `${source} ${this.#numberOf(value)}`).join('\n')
    let plan = this.#plans.get(key)
    if (!plan) {
      plan = this.#make(key, declared)
      this.#plans.set(key, plan)
      const [oldest] = this.#plans.keys()
      if (this.#plans.size > MAX_PLANS && oldest !== undefined) this.#plans.delete(oldest)
    }
    return plan
  }

  #numberOf(value: Json): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    let number = this.#numbers.get(value)
    if (number === undefined) this.#numbers.set(value, (number = ++this.#count))
    return String(number)
  }

  async #make(key: string, declared: readonly DeclaredResource[]): Promise<HookPlan> {
    const isOff = areOff(declared)
    const files = declared.map(hookFileOf)
    const used = isOff ? files.filter(({ source }) => source.layer === 'config') : files
    const parsed = [...withoutCopies(used.map((file) => this.#parse(file))), this.#inline]
    const handlers = [
      ...functionHandlers(this.#functions, 'before'),
      ...parsed.flatMap((each) => each.handlers),
      ...functionHandlers(this.#functions, 'after'),
    ]
    const planned: PlannedHandler[] = []
    const warnings = parsed.flatMap((each) => each.warnings)
    for (const handler of handlers) planned.push(await prepare(handler, warnings))
    return { key, handlers: planned, byEvent: Map.groupBy(planned, ({ handler }) => handler.event), warnings }
  }

  #parse(file: HookFile): ParsedHooks {
    const { value, source } = file
    if (typeof value !== 'object' || value === null) return parseHooks(file)
    let places = this.#parsed.get(value)
    if (!places) this.#parsed.set(value, (places = new Map()))
    // Two files may be one value: whose the handlers are is not in it.
    const place = `${source.plugin?.id ?? ''} ${source.file}`
    let parsed = places.get(place)
    if (!parsed) places.set(place, (parsed = parseHooks(file)))
    return parsed
  }
}

async function prepare(handler: HookHandler, warnings: HookWarning[]): Promise<PlannedHandler> {
  const { event, source, id } = handler
  const matcher = await compileMatcher(handler.matcher, event === 'FileChanged' ? 'files' : 'tools')
  const condition = await compileCondition(handler.if)
  if (matcher.problem !== undefined)
    warnings.push({
      category: 'invalid_matcher',
      source,
      message: `the matcher "${handler.matcher}" of ${id} cannot be used (${matcher.problem}); the handler runs for every "${event}"`,
    })
  if (condition.problem !== undefined)
    warnings.push({
      category: 'invalid_condition',
      source,
      message: `the condition "${handler.if}" of ${id} cannot be used (${condition.problem}); the handler never runs`,
    })
  return { handler, matcher, condition }
}

/** The same handler in several settings files runs once: Claude Code's rule. The first of them stays; bundles keep their own. */
function withoutCopies(files: readonly ParsedHooks[]): readonly ParsedHooks[] {
  const seen = new Set<string>()
  return files.map(({ handlers, warnings }) => ({
    warnings,
    handlers: handlers.filter((handler) => {
      const { id: _id, source, ...same } = handler
      if (source.plugin) return true
      const text = JSON.stringify(same)
      if (seen.has(text)) return false
      seen.add(text)
      return true
    }),
  }))
}
