import { definePlugin, type Plugin } from '@halter/core'
import type { PromptSegment, StoredEvent } from '@halter/protocol'
import { describe, expect, test } from 'vitest'
import { tapping } from '../session/support/plugins.ts'
import { startRuntime } from '../session/support/runtime.ts'
import { logOf } from '../session/support/sound.ts'
import { echo } from '../session/support/tools.ts'

/** An assembler whose system prompt is what `segments` says at each step. */
function assembling(segments: (step: number) => readonly PromptSegment[]): Plugin {
  let step = 0
  return definePlugin({
    name: 'own-assembler',
    apiVersion: 1,
    provides: ['promptAssembler'],
    setup: () => ({
      promptAssembler: {
        assemble: ({ plan }) => ({
          system: segments(step++),
          messages: plan.messages,
          tail: plan.segments,
          breakpoints: [],
        }),
      },
    }),
  })
}

function segment(id: string, text = id, plugin?: string): PromptSegment {
  return { id, text, stability: 'session', ...(plugin !== undefined && { plugin }) }
}

/** What breaks in three turns, the second of which has two steps, with these plugins. */
async function breaks(
  ...plugins: Plugin[]
): Promise<Pick<StoredEvent<'cache.broken'>, 'segment' | 'plugin'>[]> {
  const script = [{ text: '1' }, { toolCalls: [{ name: 'echo' }] }, { text: '2' }, { text: '3' }]
  const { runtime } = await startRuntime({ script, plugins })
  const session = await runtime.newSession({ tools: [echo] })
  for (const prompt of ['one', 'two', 'three']) await session.submitTurn(prompt).orThrow()
  const log = await logOf(runtime, session.id)
  return log.flatMap((event) =>
    event.type === 'cache.broken'
      ? [{ segment: event.segment, ...(event.plugin && { plugin: event.plugin }) }]
      : [],
  )
}

describe('cache.broken', () => {
  test('is not recorded while the texts stay, whatever objects they are in', async () => {
    expect(await breaks(assembling(() => [segment('a'), segment('b')]))).toEqual([])
  })

  test('names the first segment that changed and its plugin, at each step at which it did', async () => {
    const plugin = assembling((step) => [
      segment('a'),
      segment('clock', `it is ${Math.min(step, 2)}`, 'acme-clock'),
      segment('c', String(step)),
    ])
    const clock = { segment: 'clock', plugin: 'acme-clock' }
    expect(await breaks(plugin)).toEqual([clock, clock, { segment: 'c' }])
  })

  test.each([
    [
      'that came',
      [segment('a'), segment('b')],
      [segment('a'), segment('new', 'new', 'p'), segment('b')],
      'new',
    ],
    ['that came last', [segment('a')], [segment('a'), segment('new', 'new', 'p')], 'new'],
    [
      'that went',
      [segment('a'), segment('old', 'old', 'p'), segment('b')],
      [segment('a'), segment('b')],
      'old',
    ],
    ['that went last', [segment('a'), segment('old', 'old', 'p')], [segment('a')], 'old'],
  ])('names a segment %s', async (_, before, after, name) => {
    const plugin = assembling((step) => (step < 2 ? before : after))
    expect(await breaks(plugin)).toEqual([{ segment: name, plugin: 'p' }])
  })

  test('sees what request.transform does to the prompt, too', async () => {
    let calls = 0
    const plugin = tapping('dater', {
      'request.transform': (request) => ({
        ...request,
        system: [...request.system, segment('date', String(++calls), 'dater')],
      }),
    })
    const date = { segment: 'date', plugin: 'dater' }
    expect(await breaks(plugin)).toEqual([date, date, date])
  })

  test('is of one session: another one’s prompt says nothing', async () => {
    const { runtime } = await startRuntime({
      script: () => ({ text: 'ok' }),
      plugins: [assembling((step) => [segment('a', String(step % 2))])],
    })
    const sessions = [await runtime.newSession(), await runtime.newSession()]
    for (const session of [...sessions, ...sessions]) await session.submitTurn('go').orThrow()
    for (const { id } of sessions)
      expect((await logOf(runtime, id)).filter(({ type }) => type === 'cache.broken')).toEqual([])
  })
})
