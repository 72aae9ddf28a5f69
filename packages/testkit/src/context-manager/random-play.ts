import type { ContextManager } from '@halter/core'
import type { ContextPlan } from '@halter/protocol'
import * as fc from 'fast-check'
import type { PlayedSession } from './played-session.ts'

/** One thing that happens in a session. Sizes are characters. */
export type Move =
  | { readonly do: 'say'; readonly size: number }
  | { readonly do: 'steer' | 'hook'; readonly size: number }
  | {
      readonly do: 'reply'
      readonly size: number
      readonly calls: readonly { readonly size: number; readonly isError: boolean }[]
      /** Whether the results are stored in the opposite order. */
      readonly isReversed: boolean
    }
  | { readonly do: 'compact' }
  | { readonly do: 'overflow' }

/** What every law is tried on first: turns that are long, wide, steered, and compacted in every way. */
export const KNOWN_MOVES: readonly Move[] = Object.freeze([
  ...turn(2, 1),
  ...turn(8, 2),
  { do: 'compact' },
  { do: 'steer', size: 50 },
  ...turn(14, 3),
  { do: 'overflow' },
  ...turn(3, 1),
])

const size = fc.integer({ min: 1, max: 4000 })

/** Sessions of up to `maxLength` moves, compactions among them. */
export function arbitraryMoves(maxLength = 40): fc.Arbitrary<readonly Move[]> {
  const call = fc.record({ size: fc.integer({ min: 0, max: 6000 }), isError: fc.boolean() })
  const move = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('say' as const), size }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('steer' as const, 'hook' as const), size }) },
    {
      weight: 7,
      arbitrary: fc.record({
        do: fc.constant('reply' as const),
        size: fc.integer({ min: 0, max: 2000 }),
        calls: fc.array(call, { maxLength: 3 }),
        isReversed: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('overflow' as const) }) },
  )
  return fc.array(move, { maxLength })
}

function turn(steps: number, width: number): readonly Move[] {
  const calls = Array.from({ length: width }, (_, index) => ({
    size: 900 * (index + 1),
    isError: index === 2,
  }))
  const step: Move = { do: 'reply', size: 100, calls, isReversed: width === 3 }
  const last: Move = { do: 'reply', size: 300, calls: [], isReversed: false }
  return [{ do: 'say', size: 400 }, ...Array.from({ length: steps }, () => step), last]
}

/**
 * Plays moves in a session that a prompt has begun. A reply is made to a plan, as in a turn; one that cannot come next (the model
 * has just spoken) is left out. `look` gets every plan, and the number of the move.
 */
export async function playMoves(
  session: PlayedSession,
  manager: ContextManager,
  moves: readonly Move[],
  look: (plan: ContextPlan, at: number) => void | Promise<void>,
): Promise<void> {
  for (const [at, move] of moves.entries()) {
    const words = (length: number, seed: string): string => `${seed}${at} ${'word '.repeat(length / 5)}`
    switch (move.do) {
      case 'say':
        session.say(words(move.size, 'prompt'))
        break
      case 'steer':
      case 'hook':
        session.say(words(move.size, move.do), move.do)
        break
      case 'compact':
        await session.compact(manager)
        break
      case 'overflow':
        await look(await session.step(manager, { overflow: true }), at)
        break
      case 'reply':
        if (session.state.transcript.at(-1)?.role === 'assistant') break
        await look(await session.step(manager), at)
        reply(session, move, words)
    }
  }
}

function reply(
  session: PlayedSession,
  { size: length, calls, isReversed }: Extract<Move, { readonly do: 'reply' }>,
  words: (length: number, seed: string) => string,
): void {
  const played = calls.map((call, index) => ({
    name: index === 0 ? 'read' : 'grep',
    input: { file_path: words(0, `file${index}-`) },
    output: call.size === 0 ? '' : words(call.size, 'output'),
    isError: call.isError,
  }))
  const order = calls.map((_, index) => index)
  session.reply(words(length, 'reply'), played, isReversed ? order.reverse() : order)
}
