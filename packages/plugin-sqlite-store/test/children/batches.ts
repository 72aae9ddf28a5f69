import { sampleEvents } from '@halter/testkit/rules'

/** The sessions that one run of the crash test writes to. */
export function sessionsOf(run: string): string[] {
  return ['one', 'two', 'three'].map((name) => `${run}-${name}`)
}

/**
 * A batch whose size and texts follow from its number: each text tells which of how many it is, so that a part of a batch
 * shows itself. Some are larger than a page.
 */
export function batchOf(sessionId: string, number: number, head: number) {
  const name = `${sessionId}.${number}`
  const texts = Array.from(
    { length: sizeOf(name) },
    (_, index) => `${number} ${index + 1}/${sizeOf(name)} ${'.'.repeat(hash(name + index) % 5000)}`,
  )
  return { expectedHead: head, commitId: name, events: sampleEvents(sessionId, head, texts) }
}

/** The batches that a log of this length is made of; the last one is longer than the rest of the log when a part is missing. */
export function batchesUpTo(sessionId: string, length: number) {
  const batches: ReturnType<typeof batchOf>[] = []
  for (let head = 1; head < length; head += batches.at(-1)?.events.length ?? 0)
    batches.push(batchOf(sessionId, batches.length, head))
  return batches
}

function sizeOf(name: string): number {
  return 1 + (hash(name) % 5)
}

function hash(text: string): number {
  let value = 7
  for (const character of text) value = (Math.imul(value, 31) + character.charCodeAt(0)) >>> 0
  return value
}
