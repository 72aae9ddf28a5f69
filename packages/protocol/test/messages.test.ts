import { expect, test } from 'vitest'
import { textOf, toolCallsOf, type AssistantMessage, type Message } from '../src/index.ts'
import { messageSamples, partSamples } from './support/samples.ts'

test('the text of a message is its text parts, one a line; media, thinking and calls are left out', () => {
  const parts = [
    { kind: 'thinking', text: 'hm' },
    { kind: 'text', text: 'one' },
    ...partSamples.toolCall,
    { kind: 'text', text: 'two' },
    ...partSamples.image,
  ]
  expect(textOf({ parts })).toBe('one\ntwo')
  expect(textOf({ parts: [] })).toBe('')
})

test('the tool calls of a message come in its order, malformed ones too', () => {
  const [, message] = messageSamples.assistant
  expect(toolCallsOf(message as AssistantMessage)).toStrictEqual(partSamples.toolCall)
})

test('every kind of message comes back from JSON as it was, media, NUL and lone surrogates included', () => {
  for (const message of Object.values(messageSamples).flat() as readonly Message[])
    expect(JSON.parse(JSON.stringify(message))).toStrictEqual(message)
})
