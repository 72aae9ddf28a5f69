import type { DeclaredResource, ResourceSnapshot } from '@halter/core'
import { compileCondition, type Condition } from './condition.ts'
import { functionHandlers, type HookDefinition } from './define-hook.ts'
import { factsOf, type HookEventName } from './hook-events.ts'
import type { HandlerSource, HookHandler } from './hook-handler.ts'
import { compileMatcher, type Matcher } from './matcher.ts'
import { parseHooks, type HookFile, type HookWarning, type ParsedHooks } from './parse-hooks.ts'
import type { SettingsFile } from './settings-files.ts'

/** A handler, ready to be asked whether it is meant. */
export interface PlannedHandler {
  readonly handler: HookHandler
  readonly matcher: Matcher
  readonly condition: Condition
}

/** What a plan is made from. */
export interface PlanSources {
  readonly settings: readonly SettingsFile[]
  readonly resources: ResourceSnapshot
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
  readonly #parsed = new WeakMap<object, ParsedHooks>()
  #numbers = new WeakMap<object, number>()
  #count = 0

  constructor(functions: readonly HookDefinition[], inline: HookFile | undefined) {
    this.#functions = functions
    this.#inline = inline ? parseHooks(inline) : { handlers: [], warnings: [] }
  }

  /** Whether anything could ever be in a plan without settings and resources. */
  get hasOwn(): boolean {
    return this.#functions.length > 0 || this.#inline.handlers.length > 0 || this.#inline.warnings.length > 0
  }

  /** The plan of these sources. */
  of(sources: PlanSources): Promise<HookPlan> {
    const key = this.#keyOf(sources)
    let plan = this.#plans.get(key)
    if (!plan) {
      plan = this.#make(key, sources)
      this.#plans.set(key, plan)
      const [oldest] = this.#plans.keys()
      if (this.#plans.size > MAX_PLANS && oldest !== undefined) this.#plans.delete(oldest)
    }
    return plan
  }

  #keyOf({ settings, resources }: PlanSources): string {
    const files = settings.map(({ path, version, layer }) => `${layer} ${path} ${version}`)
    // Not the revision: it also changes with skills. A value that is the same object is the same file.
    const declared = resources.hooks.map(({ value }) => this.#numberOf(value))
    return [...files, ...declared].join('\n')
  }

  #numberOf(value: unknown): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    let number = this.#numbers.get(value)
    if (number === undefined) this.#numbers.set(value, (number = ++this.#count))
    return String(number)
  }

  async #make(key: string, { settings, resources }: PlanSources): Promise<HookPlan> {
    // The last layer that says it decides: settings of a folder come after the user's.
    const isOff = settings.findLast(({ disablesAll }) => disablesAll !== undefined)?.disablesAll ?? false
    const ofUser = settings.filter(({ layer }) => layer !== 'config')
    const ofConfig = settings.filter(({ layer }) => layer === 'config')
    const files = isOff ? [] : withoutCopies(ofUser.map(({ parsed }) => parsed))
    const bundles = isOff ? [] : resources.hooks.map((declared) => this.#parse(declared))
    const parsed = [...files, ...bundles, ...ofConfig.map(({ parsed: each }) => each), this.#inline]
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

  #parse(declared: DeclaredResource): ParsedHooks {
    const { value } = declared
    if (typeof value !== 'object' || value === null) return parseHooks(fileOf(declared))
    let parsed = this.#parsed.get(value)
    if (!parsed) this.#parsed.set(value, (parsed = parseHooks(fileOf(declared))))
    return parsed
  }
}

function fileOf({ source: file, plugin, value }: DeclaredResource): HookFile {
  const source: HandlerSource = { file, layer: 'plugin', ...(plugin && { plugin }) }
  return { value, source, dialect: plugin?.layout === 'claude' ? 'claude' : 'halter' }
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

/** The same handler in several settings files runs once: Claude Code's rule. The first of them stays. */
function withoutCopies(files: readonly ParsedHooks[]): readonly ParsedHooks[] {
  const seen = new Set<string>()
  return files.map(({ handlers, warnings }) => ({
    warnings,
    handlers: handlers.filter((handler) => {
      const { id: _id, source: _source, ...same } = handler
      const text = JSON.stringify(same)
      if (seen.has(text)) return false
      seen.add(text)
      return true
    }),
  }))
}

/** What handlers of an event are matched against, where they are; for people. */
export function subjectOf(event: HookEventName): string | undefined {
  return factsOf(event).matcher
}
