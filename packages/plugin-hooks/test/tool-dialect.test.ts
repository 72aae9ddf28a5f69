import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '@halter/protocol'
import {
  claudeCall,
  namesOfTool,
  ourToolName,
  partsOfResponse,
  responseOf,
  toolInputFrom,
  toolInputIn,
  toolNameIn,
  toolResponseIn,
} from '../src/tool-dialect.ts'

test("a tool goes by our name and by Claude Code's, both ways", () => {
  for (const [ours, claudes] of [
    ['read', 'Read'],
    ['write', 'Write'],
    ['edit', 'Edit'],
    ['glob', 'Glob'],
    ['grep', 'Grep'],
    ['shell', 'Bash'],
    ['spawn_agent', 'Task'],
    ['task', 'TodoWrite'],
  ] as const) {
    expect(toolNameIn('claude', ours)).toBe(claudes)
    expect(toolNameIn('halter', ours)).toBe(ours)
    expect(ourToolName(claudes)).toBe(ours)
    expect(ourToolName(ours)).toBe(ours)
    expect(namesOfTool(ours)).toContain(claudes)
  }
})

test('a name that nobody maps is the same everywhere, names of objects included', () => {
  for (const name of ['mcp__memory__get', 'acme_index', 'process', 'constructor', '__proto__']) {
    expect(namesOfTool(name)).toEqual([name])
    expect(toolNameIn('claude', name)).toBe(name)
    expect(ourToolName(name)).toBe(name)
  }
})

test("a path is absolute for Claude's handlers, and comes back as the model wrote it", () => {
  const call = { name: 'write', input: { file_path: 'src/a.ts', content: 'x' } }
  expect(toolInputIn('halter', call, '/work')).toEqual(call.input)
  const shown = toolInputIn('claude', call, '/work')
  expect(shown).toEqual({ file_path: '/work/src/a.ts', content: 'x' })
  expect(toolInputFrom('claude', call, { ...(shown as object), content: 'y' }, '/work')).toEqual({
    file_path: 'src/a.ts',
    content: 'y',
  })
  expect(toolInputFrom('claude', call, { file_path: '/other/b.ts', content: 'x' }, '/work')).toEqual({
    file_path: '/other/b.ts',
    content: 'x',
  })
})

test("the keys of a subagent's call are Claude Code's, and ours again when they come back", () => {
  const call = { name: 'spawn_agent', input: { task: 'look', agent: 'reviewer' } }
  expect(toolInputIn('claude', call, '/work')).toEqual({ prompt: 'look', subagent_type: 'reviewer' })
  expect(toolInputFrom('claude', call, { prompt: 'look twice', subagent_type: 'reviewer' }, '/work')).toEqual(
    { task: 'look twice', agent: 'reviewer' },
  )
})

test("a skill is called by Claude Code's keys", () => {
  const call = { name: 'skill', input: { name: 'deploy', arguments: 'now' } }
  expect(toolInputIn('claude', call, '/work')).toEqual({ skill: 'deploy', args: 'now' })
  expect(toolInputFrom('claude', call, { skill: 'deploy', args: 'later' }, '/work')).toEqual({
    name: 'deploy',
    arguments: 'later',
  })
})

test("the list of tasks is Claude Code's list of todos, not its subagent", () => {
  expect(namesOfTool('task')).toEqual(['task', 'TodoWrite'])
  expect(ourToolName('Task')).toBe('spawn_agent')
  expect(ourToolName('Agent')).toBe('spawn_agent')
  const call = { name: 'task', input: { action: 'create', subject: 'write tests', description: 'all' } }
  const todo = { content: 'write tests', status: 'pending', activeForm: 'write tests' }
  const shown = { action: 'create', description: 'all', todos: [todo] }
  expect(toolInputIn('halter', call, '/work')).toEqual(call.input)
  expect(toolInputIn('claude', call, '/work')).toEqual(shown)
  expect(claudeCall(call)).toEqual({ name: 'TodoWrite', input: shown })
  const renamed = { ...shown, todos: [{ ...todo, content: 'write more tests' }] }
  expect(toolInputFrom('claude', call, renamed, '/work')).toEqual({
    ...call.input,
    subject: 'write more tests',
  })
})

test.each([
  [{ action: 'complete', id: 3 }, [{ id: '3', content: '#3', status: 'completed', activeForm: '#3' }]],
  [{ action: 'list' }, []],
  [{ action: 'create' }, undefined],
  [{ task: 'somebody else has a tool of this name' }, undefined],
  [{ action: 'create', subject: 'x', todos: 'mine' }, 'mine'],
])('%j of a list of tasks has these todos, and comes back without them', (input, todos) => {
  const call = { name: 'task', input }
  const shown = toolInputIn('claude', call, '/work')
  expect((shown as { todos?: unknown }).todos).toEqual(todos)
  expect(toolInputFrom('claude', call, shown, '/work')).toEqual(input)
})

test('a result has the shape that Claude Code gives its tools', () => {
  expect(toolResponseIn('claude', { name: 'shell', input: { command: 'x' } }, 'out', '/w')).toEqual({
    stdout: 'out',
    stderr: '',
    interrupted: false,
    isImage: false,
  })
  expect(toolResponseIn('claude', { name: 'write', input: { file_path: 'a' } }, 'out', '/w')).toEqual({
    filePath: '/w/a',
    success: true,
  })
  expect(toolResponseIn('claude', { name: 'grep', input: {} }, 'out', '/w')).toBe('out')
  expect(toolResponseIn('halter', { name: 'shell', input: {} }, 'out', '/w')).toBe('out')
})

test('a result is one value: its text, its JSON, or a list of what it is made of', () => {
  const text = { kind: 'text', text: 'a' } as const
  const json = { kind: 'json', value: { a: 1 } } as const
  expect(responseOf([])).toBe('')
  expect(responseOf([text, text])).toBe('a\na')
  expect(responseOf([json])).toEqual({ a: 1 })
  expect(responseOf([text, json, { kind: 'image', mediaType: 'image/png', data: '' }])).toEqual([
    'a',
    { a: 1 },
    '[image]',
  ])
  expect(toolResponseIn('claude', { name: 'shell', input: {} }, { a: 1 }, '/w')).toMatchObject({
    stdout: '{"a":1}',
  })
})

test('a replaced result is none, text or JSON', () => {
  expect(partsOfResponse(null)).toEqual([])
  expect(partsOfResponse('x')).toEqual([{ kind: 'text', text: 'x' }])
  expect(partsOfResponse({ stdout: 'out', stderr: 'err' })).toEqual([{ kind: 'text', text: 'out\nerr' }])
  expect(partsOfResponse({ stdout: 'out', stderr: '' })).toEqual([{ kind: 'text', text: 'out' }])
  expect(partsOfResponse({ a: 1 })).toEqual([{ kind: 'json', value: { a: 1 } }])
  expect(partsOfResponse([1])).toEqual([{ kind: 'json', value: [1] }])
})

test('an input that a handler leaves alone comes back as it was, whatever is in it', () => {
  const key = fc.oneof(
    fc.constantFrom(
      'file_path',
      'task',
      'prompt',
      'agent',
      'subagent_type',
      'title',
      'description',
      'name',
      'skill',
      'action',
      'subject',
      'id',
      'todos',
      'arguments',
      'args',
    ),
    fc.string(),
  )
  const input = fc.oneof(
    fc.dictionary(key, fc.oneof(fc.constantFrom('create', 'complete', 'list'), fc.string(), fc.jsonValue())),
    fc.jsonValue(),
  ) as fc.Arbitrary<Json>
  const name = fc.constantFrom(
    'read',
    'write',
    'edit',
    'shell',
    'spawn_agent',
    'task',
    'skill',
    'mcp__a__b',
    'constructor',
  )
  fc.assert(
    fc.property(
      name,
      input,
      fc.constantFrom('claude' as const, 'halter' as const),
      (tool, value, dialect) => {
        // As it is stored: JSON knows no -0 and no undefined.
        const call = { name: tool, input: JSON.parse(JSON.stringify(value)) as Json }
        const shown = toolInputIn(dialect, call, '/work')
        expect(toolInputFrom(dialect, call, JSON.parse(JSON.stringify(shown)) as Json, '/work')).toEqual(
          call.input,
        )
      },
    ),
  )
})
