import type { ModelPart } from '@halter/core'
import { isStored, type AssistantMessage, type AssistantPart, type Delta } from '@halter/protocol'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { partsProvider } from '../session/support/providers.ts'
import { withRuntime } from '../session/support/runtime.ts'
import { echo } from '../session/support/tools.ts'

/** One block of a reply: its chunks, and how carelessly its provider opens and closes it. */
interface BlockScript {
  readonly kind: 'text' | 'thinking' | 'toolInput' | 'native'
  readonly chunks: readonly string[]
  readonly isOpened: boolean
  readonly isClosed: boolean
  readonly isSigned: boolean
  readonly callId: string
}

const chunk = fc.oneof(
  fc.constantFrom('', ' ', 'a', '{', '"', '}', '{"a":1}'),
  fc.string({ unit: 'binary', maxLength: 5 }),
)
const block: fc.Arbitrary<BlockScript> = fc.record({
  kind: fc.constantFrom('text', 'text', 'thinking', 'toolInput', 'native'),
  chunks: fc.array(chunk, { maxLength: 4 }),
  isOpened: fc.boolean(),
  isClosed: fc.boolean(),
  isSigned: fc.boolean(),
  callId: fc.constantFrom('c1', 'c2', 'c3'),
})
const reply = fc.record({
  blocks: fc.array(block, { maxLength: 6 }),
  order: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
  stopReason: fc.constantFrom('end' as const, 'max-output' as const),
})

function partsOf(
  { kind, chunks, isOpened, isClosed, isSigned, callId }: BlockScript,
  id: string,
): ModelPart[] {
  if (kind === 'native') return [{ type: 'native', data: { id }, fallbackText: chunks.join('') }]
  const parts: ModelPart[] = chunks.map((text) => ({ type: `${kind}.delta`, id, text }))
  if (kind === 'toolInput') parts.unshift({ type: 'toolInput.start', id, callId, name: 'echo' })
  else if (isOpened || chunks.length === 0) parts.unshift({ type: `${kind}.start`, id })
  if (!isClosed) return parts
  const end: ModelPart =
    kind === 'thinking'
      ? { type: 'thinking.end', id, ...(isSigned && { signature: 'signed' }) }
      : { type: `${kind}.end`, id }
  return [...parts, end]
}

/** The parts of all blocks, each block’s in order, blocks interleaved as `order` says. */
function interleave(blocks: readonly ModelPart[][], order: readonly number[]): ModelPart[] {
  const queues = blocks.map((parts) => [...parts])
  const mixed: ModelPart[] = []
  for (const pick of order) {
    const open = queues.filter((queue) => queue.length > 0)
    if (open.length > 0) mixed.push(open[pick % open.length]!.shift()!)
  }
  return [...mixed, ...queues.flat()]
}

/** Puts deltas together as a reader would: by part and offset, trusting nothing else. */
function splice(deltas: readonly Delta[]): Map<number, string> {
  const texts = new Map<number, string>()
  for (const { part, offset, text } of deltas) {
    const before = texts.get(part) ?? ''
    expect(offset).toBe(before.length)
    texts.set(part, before + text)
  }
  return texts
}

/** The streamed text of a stored part; undefined for one that was not streamed as text. */
function streamedText(part: AssistantPart, raw: string | undefined): string | undefined {
  switch (part.kind) {
    case 'text':
    case 'thinking':
      return part.text === '' ? undefined : part.text
    case 'native':
      return undefined
    case 'toolCall':
      if (part.malformed !== undefined) return part.malformed === '' ? raw : part.malformed
      if (raw !== undefined && raw.trim() !== '') expect(JSON.parse(raw)).toEqual(part.input)
      return raw
  }
}

test('ids, parts and offsets of the deltas splice to exactly the stored message, however blocks interleave', async () => {
  await fc.assert(
    fc.asyncProperty(reply, async ({ blocks, order, stopReason }) => {
      const parts = interleave(
        blocks.map((script, index) => partsOf(script, `block-${index}`)),
        order,
      )
      const provider = partsProvider([
        [...parts, { type: 'end', stopReason }],
        [
          { type: 'text.delta', id: 'x', text: 'done' },
          { type: 'end', stopReason: 'end' },
        ],
      ])
      await withRuntime({ plugins: [provider] }, async ({ runtime }) => {
        const deltas: Delta[] = []
        runtime.events.listen((event) => {
          if (!isStored(event)) deltas.push(event)
        })
        const session = await runtime.newSession({ model: 'parts', tools: [echo] })
        const { status, messages } = await session.submitTurn('go').result
        expect(status).toBe('completed')
        const replies = messages.filter(
          (message): message is AssistantMessage => message.role === 'assistant',
        )
        for (const message of replies) {
          const own = deltas.filter(
            ({ messageId, type }) => messageId === message.id && type !== 'toolOutput.delta',
          )
          const texts = splice(own)
          for (const [index, part] of message.parts.entries())
            expect(texts.get(index)).toBe(streamedText(part, texts.get(index)))
          expect([...texts.keys()].every((index) => index < message.parts.length)).toBe(true)
        }
      })
    }),
    { numRuns: 200 },
  )
})
