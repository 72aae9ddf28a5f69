import type { Json } from '@halter/protocol'
import { factsOf, findHookEvent, type HookEventName } from './hook-events.ts'
import type { Dialect, HandlerSource, HookHandler } from './hook-handler.ts'
import { isObject, type JsonObject } from './json.ts'
import { parseHandler } from './parse-handler.ts'

/** What of a hook file does not work, or not as it says. The rest of it does. */
export interface HookWarning {
  readonly category:
    | 'parse_error'
    | 'unknown_event'
    | 'never_dispatched'
    | 'duplicate_alias'
    | 'missing_field'
    | 'wrong_field'
    | 'unknown_type'
    | 'sdk_only_backend'
    | 'matcher_ignored'
    | 'invalid_matcher'
    | 'invalid_condition'
  readonly source: HandlerSource
  /** One sentence. */
  readonly message: string
}

/** A file's handlers in the order in which they were declared, and what of it does not work. */
export interface ParsedHooks {
  readonly handlers: readonly HookHandler[]
  readonly warnings: readonly HookWarning[]
}

/** A hook file, as its JSON was read. */
export interface HookFile {
  readonly value: Json
  readonly source: HandlerSource
  readonly dialect: Dialect
}

/** What parsing a part of a file gets. */
export interface ParseScope {
  readonly file: HookFile
  readonly event: HookEventName
  readonly id: string
  readonly matcher: string | undefined
  warn(category: HookWarning['category'], message: string): void
}

/**
 * Reads a hook file: `{"hooks": {"<Event>": [{"matcher"?, "hooks": [handler, …]}, …]}}`. Whatever is wrong costs itself alone and a
 * warning that names it.
 */
export function parseHooks(file: HookFile): ParsedHooks {
  const warnings: HookWarning[] = []
  const warn: ParseScope['warn'] = (category, message) =>
    void warnings.push({ category, source: file.source, message })
  const events = eventsOf(file, warn)
  const seen = new Map<HookEventName, string>()
  const handlers = Object.entries(events).flatMap(([key, groups], index) => {
    const event = findHookEvent(key)
    if (!event) {
      warn('unknown_event', `"${key}" is no hook event; its handlers never run`)
      return []
    }
    const first = seen.get(event)
    if (first !== undefined) {
      warn('duplicate_alias', `"${key}" is "${first}" again; only the first of them counts`)
      return []
    }
    seen.set(event, key)
    if (factsOf(event).isNeverDispatched)
      warn('never_dispatched', `nothing here is a moment for "${event}"; its handlers never run`)
    return parseGroups({ file, event, index, groups, warn })
  })
  return { handlers, warnings }
}

/** The name that stands first in a handler's id: whose file it is. */
function ownerOf({ plugin, layer, file }: HandlerSource): string {
  if (plugin) return plugin.id
  return layer === 'config' ? layer : file
}

function eventsOf({ value }: HookFile, warn: ParseScope['warn']): JsonObject {
  if (!isObject(value)) {
    warn('parse_error', typeof value === 'string' && value !== '' ? value : 'the file holds no JSON object')
    return {}
  }
  if (!Object.hasOwn(value, 'hooks')) return value
  const { hooks } = value
  if (isObject(hooks)) return hooks
  warn('parse_error', '"hooks" is no object of events')
  return {}
}

interface EventGroups {
  readonly file: HookFile
  readonly event: HookEventName
  /** Which of the file's events it is. */
  readonly index: number
  readonly groups: Json | undefined
  readonly warn: ParseScope['warn']
}

function parseGroups({ file, event, index, groups, warn }: EventGroups): readonly HookHandler[] {
  if (!Array.isArray(groups)) {
    warn('wrong_field', `"${event}" is no list of groups`)
    return []
  }
  return groups.flatMap((group: Json, groupIndex) => {
    if (!isObject(group) || !Array.isArray(group['hooks'])) {
      warn('wrong_field', `group ${groupIndex + 1} of "${event}" has no list "hooks"`)
      return []
    }
    const matcher = matcherOf(group['matcher'], event, warn)
    return group['hooks'].flatMap((handler: Json, handlerIndex) => {
      const id = [ownerOf(file.source), event, index, groupIndex, handlerIndex].join(':')
      return parseHandler(handler, { file, event, id, matcher, warn }) ?? []
    })
  })
}

function matcherOf(
  value: Json | undefined,
  event: HookEventName,
  warn: ParseScope['warn'],
): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') {
    warn('invalid_matcher', `a matcher of "${event}" is no text; its handlers run always`)
    return undefined
  }
  const matcher = value.trim()
  if (matcher === '' || matcher === '*') return undefined
  if (factsOf(event).matcher !== undefined) return matcher
  warn('matcher_ignored', `"${event}" has nothing to match, so the matcher "${matcher}" is ignored`)
  return undefined
}
