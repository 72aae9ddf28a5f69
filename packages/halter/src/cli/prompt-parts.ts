import type { InspectedMessage, InspectedSegment, PromptInspection } from '@halter/core'
import { partsText } from './describe-event.ts'

/** One piece of a prompt, as it is listed and compared. */
export interface PromptPart {
  /** The same piece in another prompt of the session has the same key. */
  readonly key: string
  readonly place: 'tools' | 'system' | 'messages' | 'tail'
  readonly tokens: number
  readonly name: string
  /** What it is, beside its name: stability, plugin, first words. */
  readonly about: string
  /** What the model read. */
  readonly content: string
  /** True where everything up to here is worth caching. */
  readonly isBreakpoint: boolean
}

/** What became of a piece from one prompt to the next. */
export interface PromptChange {
  readonly change: 'added' | 'removed' | 'changed'
  readonly part: PromptPart
}

/** Every piece of a prompt, in the order of the wire: tools, system, messages, tail. */
export function partsOf({
  tools,
  system,
  messages,
  tail,
  breakpoints,
}: PromptInspection): readonly PromptPart[] {
  const marked = new Set(
    breakpoints.map((at) => (at.after === 'tools' ? 'tools' : `${at.after} ${at.index}`)),
  )
  return [
    ...tools.map(({ name, tokens }, index): PromptPart => {
      const isBreakpoint = index === tools.length - 1 && marked.has('tools')
      return { key: `tool ${name}`, place: 'tools', tokens, name, about: '', content: '', isBreakpoint }
    }),
    ...system.map((each, index) => segmentPart(each, 'system', marked.has(`system ${index}`))),
    ...messages.map((each, index) => messagePart(each, marked.has(`message ${index}`))),
    ...tail.map((each) => segmentPart(each, 'tail', false)),
  ]
}

/** What is different in `after`, in its order; what is gone comes last. */
export function changesBetween(before: PromptInspection, after: PromptInspection): readonly PromptChange[] {
  const old = new Map(partsOf(before).map((part) => [part.key, part]))
  const changes: PromptChange[] = []
  for (const part of partsOf(after)) {
    const was = old.get(part.key)
    old.delete(part.key)
    if (!was) changes.push({ change: 'added', part })
    else if (was.content !== part.content || was.tokens !== part.tokens)
      changes.push({ change: 'changed', part })
  }
  return [...changes, ...[...old.values()].map((part) => ({ change: 'removed' as const, part }))]
}

function segmentPart(
  { id, text, stability, plugin, tokens }: InspectedSegment,
  place: 'system' | 'tail',
  isBreakpoint: boolean,
): PromptPart {
  const about = `${stability}, ${plugin ?? 'the session'}`
  return { key: `segment ${id}`, place, tokens, name: id, about, content: text, isBreakpoint }
}

function messagePart({ message, tokens, storedTokens }: InspectedMessage, isBreakpoint: boolean): PromptPart {
  const name = message.role === 'tool' ? `tool ${message.name}` : message.role
  const pruned = storedTokens === undefined ? '' : `[pruned, ${storedTokens} tokens stored] `
  return {
    key: `message ${message.id}`,
    place: 'messages',
    tokens,
    name,
    about: pruned + partsText(message.parts),
    content: JSON.stringify(message.parts),
    isBreakpoint,
  }
}
