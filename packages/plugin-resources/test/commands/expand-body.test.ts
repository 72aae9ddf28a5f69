import type { SessionPort } from '@halter/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { expandBody } from '../../src/commands/expand-body.ts'
import { splitArguments } from '../../src/commands/invocation.ts'

/** A session in which every call is one too many. */
const session = {
  blueprint: { sessionId: 'session', workingDir: '/nowhere' },
  callTool: () => Promise.reject(new Error('a call was made')),
} as unknown as SessionPort
const context = { session, signal: new AbortController().signal }

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '!`id`',
    '$ARGUMENTS',
    '$1 $2',
    '@/etc/passwd',
    '```!\nid\n```',
    '\\$1',
    '${CLAUDE_PROJECT_DIR}',
    '$0',
  ),
)

test('whatever the arguments are, they are put in as they are, and no call is made for them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { maxLength: 4 }), async (pieces) => {
      const args = pieces.join(' ').trim()
      const [first = '$1'] = splitArguments(args)
      const { text } = await expandBody(
        'All: $ARGUMENTS\nFirst: $1\nIn: ${CLAUDE_PROJECT_DIR}',
        args,
        context,
      )
      expect(text).toBe(`All: ${args}\nFirst: ${first}\nIn: /nowhere`)
    }),
    { numRuns: 500 },
  )
})

test('arguments of a body that has no place for them are behind it, as they are', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (args) => {
      const { text } = await expandBody('Do it.', args, context)
      expect(text).toBe(args === '' ? 'Do it.' : `Do it.\n\nARGUMENTS: ${args}`)
    }),
  )
})

test('a body that grows over a megabyte is not sent', async () => {
  const started = performance.now()
  const { problem } = await expandBody('$ARGUMENTS'.repeat(100_000), 'x'.repeat(200_000), context)
  expect(problem).toBe('it has grown over 1048576 characters')
  expect(performance.now() - started).toBeLessThan(15_000)
})
