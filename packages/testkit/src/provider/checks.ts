import assert from 'node:assert/strict'
import { isHalterError, RETRYABLE_KINDS, type HalterError, type ModelPart } from '@halter/core'
import type { ModelErrorKind } from '@halter/protocol'
import type { Heard } from './harness.ts'

/** The parts of a reply that came to its end. */
export function assertWhole({ parts, failure }: Heard): readonly ModelPart[] {
  if (failure !== undefined) throw failure
  assert.equal(parts.at(-1)?.type, 'end', 'the last part is no "end"')
  return parts
}

/** The failure of a call, which has to be the provider's own and of this kind. */
export function assertFailed({ failure }: Heard, kind: ModelErrorKind): HalterError {
  assert(failure !== undefined, `the call did not fail, and was to fail with "${kind}"`)
  if (!isHalterError(failure, 'ERR_MODEL_FAILED')) throw failure
  assert.equal(failure.kind, kind, `it is of the kind "${failure.kind}": ${failure.message}`)
  assert.equal(failure.retryable, RETRYABLE_KINDS.has(kind), 'retryable says something else than the kind')
  return failure
}

/** The text of all blocks of one kind, in the order in which it came. */
export function joined(parts: readonly ModelPart[], type: 'text.delta' | 'thinking.delta'): string {
  return parts.map((part) => (part.type === type ? part.text : '')).join('')
}

/** The calls of a reply, each with the whole of its input. */
export function callsOf(
  parts: readonly ModelPart[],
): readonly { readonly callId: string; readonly name: string; readonly input: string }[] {
  return parts
    .filter((part) => part.type === 'toolInput.start')
    .map(({ id, callId, name }) => ({
      callId,
      name,
      input: parts
        .map((part) => (part.type === 'toolInput.delta' && part.id === id ? part.text : ''))
        .join(''),
    }))
}

/** Rejects unless every block is started before it is filled, and ended once and after that. */
export function assertBlocks(parts: readonly ModelPart[]): void {
  const blocks = new Map<string, { readonly kind: string; isOpen: boolean }>()
  for (const part of parts) {
    const [kind, step] = part.type.split('.')
    if (step === undefined || !('id' in part)) continue
    const block = blocks.get(part.id)
    if (step === 'start') {
      assert(!block, `the block "${part.id}" is started twice`)
      blocks.set(part.id, { kind: kind!, isOpen: true })
      continue
    }
    assert(block, `"${part.type}" for the block "${part.id}", which was not started`)
    assert.equal(kind, block.kind, `"${part.type}" for the block "${part.id}", which holds ${block.kind}`)
    assert(block.isOpen, `"${part.type}" for the block "${part.id}", which has ended`)
    if (step === 'end') block.isOpen = false
  }
  for (const [id, { isOpen }] of blocks) assert(!isOpen, `the block "${id}" is not ended`)
}

/** Resolves once `isTrue`, or rejects after `withinMs`. */
export async function eventually(isTrue: () => boolean, what: string, withinMs = 2_000): Promise<void> {
  for (const until = performance.now() + withinMs; !isTrue();) {
    assert(performance.now() < until, `${what} within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Rejects when `work` takes longer than an abort may. */
export async function soon<T>(work: Promise<T>, what: string, withinMs = 2_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${withinMs} ms`)), withinMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
