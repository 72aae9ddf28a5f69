import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { definePlugin } from '@halter/core'
import type { Json } from '@halter/protocol'
import { HOOK_EVENTS } from '../../src/hook-events.ts'
import {
  claudeHooks,
  openPlace,
  Payloads,
  recorder,
  snapshot,
  tempFolder,
  type Place,
  type PlaceOptions,
} from '../place.ts'

/**
 * The fields of each event as Claude Code's hooks reference documents them: every handler of a Claude-layout plugin must find them.
 * https://code.claude.com/docs/en/hooks
 */
interface Told extends Place {
  readonly payloads: Payloads
}

/** A place whose every event is told to a real program. */
async function listen(options: PlaceOptions = {}): Promise<Told> {
  const payloads = new Payloads(await tempFolder())
  const command = { hooks: [{ type: 'command', command: payloads.command() }] }
  const hooks = Object.fromEntries(Object.keys(HOOK_EVENTS).map((event) => [event, [command]]))
  const place = await openPlace({ resources: snapshot(claudeHooks(hooks)), ...options })
  return Object.assign(place, { payloads })
}

async function only(payloads: Payloads, event: string): Promise<Record<string, Json>> {
  const all = await payloads.of(event)
  expect(all, event).toHaveLength(1)
  return all[0]!
}

test('every event has the fields that all events have', async () => {
  const { session, payloads } = await listen({
    script: [{ toolCalls: [{ name: 'shell', input: { command: 'ls' } }] }, { text: 'Done.' }],
    init: { tools: [recorder('shell')] },
  })
  await session.submitTurn('Look around.').orThrow()
  const all = await payloads.all()
  expect(all.map(({ hook_event_name: name }) => name)).toEqual([
    'SessionStart',
    'UserPromptSubmit',
    'PreToolUse',
    'PostToolUse',
    'PostToolBatch',
    'Stop',
  ])
  const turnId = (await Array.fromAsync(session.replay())).find(({ type }) => type === 'turn.started') as {
    turnId: string
  }
  for (const payload of all) {
    expect(payload).toMatchObject({
      session_id: session.id,
      cwd: session.blueprint.workingDir,
      permission_mode: 'default',
      model: 'test',
      halter_version: 1,
      turn_id: turnId.turnId,
      prompt_id: turnId.turnId,
      plugin_id: 'guards',
      plugin_root: '/nowhere',
    })
    expect(existsSync(payload['transcript_path'] as string)).toBe(true)
  }
})

test('SessionStart says why the session starts', async () => {
  const { session, payloads } = await listen({ script: [{ text: 'a' }], init: { title: 'Mine' } })
  await session.submitTurn('x').orThrow()
  expect(await only(payloads, 'SessionStart')).toMatchObject({
    source: 'startup',
    working_dir: session.blueprint.workingDir,
    session_title: 'Mine',
  })
})

test('SessionStart tells of a resume', async () => {
  const { runtime, session, payloads } = await listen({ script: [{ text: 'a' }, { text: 'b' }] })
  await session.submitTurn('x').orThrow()
  await session.detach()
  const again = await runtime.resume(session.id)
  await again!.submitTurn('y').orThrow()
  expect((await payloads.of('SessionStart')).map(({ source }) => source)).toEqual(['startup', 'resume'])
})

test('SessionEnd says why it ends', async () => {
  const { session, payloads } = await listen({ script: [{ text: 'a' }] })
  await session.submitTurn('x').orThrow()
  await session.shutdown('logout')
  expect(await only(payloads, 'SessionEnd')).toMatchObject({ reason: 'logout' })
})

test('UserPromptSubmit has the prompt', async () => {
  const { session, payloads } = await listen({ script: [{ text: 'a' }] })
  await session.submitTurn('Write a "factorial".\nIn Ada.').orThrow()
  expect(await only(payloads, 'UserPromptSubmit')).toMatchObject({ prompt: 'Write a "factorial".\nIn Ada.' })
})

test("PreToolUse and PostToolUse speak of Claude's tools, in Claude's keys", async () => {
  const { session, payloads } = await listen({
    script: [
      { toolCalls: [{ name: 'write', input: { file_path: 'a.txt', content: 'hi' }, id: 'c1' }] },
      { text: 'Done.' },
    ],
    init: { tools: [recorder('write', () => 'written')] },
  })
  await session.submitTurn('x').orThrow()
  const path = join(session.blueprint.workingDir, 'a.txt')
  const before = await only(payloads, 'PreToolUse')
  expect(before).toMatchObject({ tool_name: 'Write', tool_input: { file_path: path, content: 'hi' } })
  expect(before['tool_use_id']).toBeTypeOf('string')
  expect(await only(payloads, 'PostToolUse')).toMatchObject({
    tool_name: 'Write',
    tool_input: { file_path: path, content: 'hi' },
    tool_response: { filePath: path, success: true },
    tool_use_id: before['tool_use_id'],
  })
})

test('PostToolUseFailure has the error and no response', async () => {
  const { session, payloads } = await listen({
    script: [{ toolCalls: [{ name: 'shell', input: { command: 'false' } }] }, { text: 'Done.' }],
    init: {
      tools: [
        recorder('shell', () => {
          throw new Error('it exited with 1')
        }),
      ],
    },
  })
  await session.submitTurn('x').orThrow()
  const payload = await only(payloads, 'PostToolUseFailure')
  expect(payload).toMatchObject({ tool_name: 'Bash', tool_input: { command: 'false' }, is_interrupt: false })
  expect(payload['error']).toContain('it exited with 1')
  expect(payload).not.toHaveProperty('tool_response')
  expect(await payloads.of('PostToolUse')).toEqual([])
})

test('PostToolBatch has every call of the batch, with what it answered', async () => {
  const { session, payloads } = await listen({
    script: [
      {
        toolCalls: [
          { name: 'shell', input: { command: 'a' } },
          { name: 'shell', input: { command: 'b' } },
        ],
      },
      { text: 'Done.' },
    ],
    init: { tools: [recorder('shell', (input) => `ran ${(input as { command: string }).command}`)] },
  })
  await session.submitTurn('x').orThrow()
  const { tool_calls: calls } = await only(payloads, 'PostToolBatch')
  expect(calls).toMatchObject([
    { tool_name: 'Bash', tool_input: { command: 'a' }, tool_response: { stdout: 'ran a' } },
    { tool_name: 'Bash', tool_input: { command: 'b' }, tool_response: { stdout: 'ran b' } },
  ])
})

test('PermissionRequest, PermissionDenied and the notification that somebody is asked', async () => {
  const tool = { ...recorder('shell'), needsApproval: () => ({ reason: 'it writes' }) }
  const { session, payloads, events } = await listen({
    script: [{ toolCalls: [{ name: 'shell', input: { command: 'rm x' } }] }, { text: 'Done.' }],
    init: { tools: [tool], approve: () => ({ answer: 'deny', reason: 'not today' }) },
  })
  await session.submitTurn('x').orThrow()
  expect(await only(payloads, 'PermissionRequest')).toMatchObject({
    tool_name: 'Bash',
    tool_input: { command: 'rm x' },
    permission_suggestions: [],
  })
  await expect.poll(() => payloads.of('PermissionDenied')).toHaveLength(1)
  expect(await only(payloads, 'PermissionDenied')).toMatchObject({
    tool_name: 'Bash',
    tool_input: { command: 'rm x' },
    reason: expect.stringContaining('not today') as string,
  })
  await expect.poll(() => payloads.of('Notification')).toHaveLength(1)
  expect(await only(payloads, 'Notification')).toMatchObject({
    notification_type: 'permission_prompt',
    message: expect.stringContaining('shell') as string,
  })
  expect((await events()).some(({ type }) => type === 'approval.requested')).toBe(true)
})

test('Notification has the kind and the message', async () => {
  const { session, payloads } = await listen({ script: [{ text: 'a' }] })
  await session.submitTurn('x').orThrow()
  await session.notify('idle_prompt', 'Waiting for you.')
  await expect.poll(() => payloads.of('Notification')).toHaveLength(1)
  expect(await only(payloads, 'Notification')).toMatchObject({
    notification_type: 'idle_prompt',
    message: 'Waiting for you.',
  })
})

test('Stop has the last text, and tells the truth of who keeps the turn going', async () => {
  const payloads = new Payloads(await tempFolder())
  const once = `grep -q '"stop_hook_active":true' '${payloads.file}' || { echo 'Check it again.' >&2; exit 2; }`
  const { session } = await openPlace({
    resources: snapshot(
      claudeHooks({ Stop: [{ hooks: [{ type: 'command', command: payloads.command(once) }] }] }),
    ),
    script: [{ text: ['First', ' answer.'] }, { text: 'Second answer.' }],
  })
  const { text } = await session.submitTurn('x').orThrow()
  expect(text).toBe('Second answer.')
  expect(await payloads.of('Stop')).toMatchObject([
    {
      stop_hook_active: false,
      last_assistant_message: 'First answer.',
      background_tasks: [],
      session_crons: [],
    },
    { stop_hook_active: true, last_assistant_message: 'Second answer.' },
  ])
})

test('StopFailure tells of a turn that ended badly, and no Stop is told', async () => {
  const { session, payloads } = await listen({ script: [{ error: { kind: 'auth', message: 'no key' } }] })
  expect((await session.submitTurn('x').result).status).toBe('failed')
  expect(await only(payloads, 'StopFailure')).toMatchObject({ error: 'unknown', error_details: 'error' })
  expect(await payloads.of('Stop')).toEqual([])
})

test('SubagentStart and SubagentStop name the subagent, its kind and its transcript', async () => {
  const spawner = definePlugin({
    name: 'test/spawner',
    apiVersion: 1,
    setup({ hooks }) {
      hooks.tap('toolResult.transform', async (result, ctx) => {
        if (result.call.name !== 'shell') return
        const child = await ctx.session.openChild({ task: 'look', agent: 'reviewer' })
        await child.result
      })
      return {}
    },
  })
  const { session, payloads } = await listen({
    plugins: [spawner],
    script: [
      { toolCalls: [{ name: 'shell', input: { command: 'x' } }] },
      { text: 'From the child.' },
      { text: 'Done.' },
    ],
    init: { tools: [recorder('shell')] },
  })
  await session.submitTurn('x').orThrow()
  const start = await only(payloads, 'SubagentStart')
  expect(start).toMatchObject({
    session_id: session.id,
    agent_type: 'reviewer',
    parent_session_id: session.id,
  })
  const stop = await only(payloads, 'SubagentStop')
  expect(stop).toMatchObject({
    session_id: session.id,
    agent_id: start['agent_id'],
    agent_type: 'reviewer',
    parent_session_id: session.id,
    stop_hook_active: false,
    last_assistant_message: 'From the child.',
  })
  expect(stop['agent_transcript_path']).not.toBe(stop['transcript_path'])
  expect(existsSync(stop['transcript_path'] as string)).toBe(true)
  // A subagent's beginning and end are its own events: no session starts, no prompt is submitted.
  expect(await payloads.of('SessionStart')).toHaveLength(1)
  expect(await payloads.of('UserPromptSubmit')).toHaveLength(1)
  expect(await payloads.of('Stop')).toHaveLength(1)
})

test.each([
  ['manual', 'manual'],
  ['auto', 'auto'],
  ['overflow', 'auto'],
] as const)('PreCompact and PostCompact of a compaction that is %s', async (trigger, told) => {
  const { session, payloads } = await listen({
    plugins: [compacting(trigger)],
    script: [{ text: 'a' }, { text: 'b' }],
  })
  await session.submitTurn('x').orThrow()
  if (trigger === 'manual') await session.compact()
  await session.submitTurn('y').orThrow()
  expect(await only(payloads, 'PreCompact')).toMatchObject({ trigger: told, custom_instructions: null })
  await expect.poll(() => payloads.of('PostCompact')).toHaveLength(1)
  expect(await only(payloads, 'PostCompact')).toMatchObject({
    trigger: told,
    compact_summary: 'What was said.',
  })
})

test('PreCompact has what the user wants a manual compaction to keep', async () => {
  const { session, payloads } = await listen({ plugins: [compacting('manual')], script: [{ text: 'a' }] })
  await session.submitTurn('x').orThrow()
  await session.compact({ instructions: 'Keep the names.' })
  expect(await only(payloads, 'PreCompact')).toMatchObject({
    trigger: 'manual',
    custom_instructions: 'Keep the names.',
  })
})

test('PostCompact tells of its own compaction, whatever was asked about before', async () => {
  const nothingAsked = definePlugin({
    name: 'test/not-asking',
    apiVersion: 1,
    provides: ['contextManager'],
    setup: () => ({
      contextManager: {
        plan: ({ state, estimatedTokens }) => ({
          messages: state.transcript,
          segments: state.injected,
          estimatedTokens,
        }),
        compactNow: async ({ trigger }) => ({
          outcome: { trigger, droppedSeqs: [], summary: 'Short.', tokensBefore: 10, tokensAfter: 5 },
        }),
      },
    }),
  })
  const { session, payloads } = await listen({ plugins: [nothingAsked], script: [{ text: 'a' }] })
  await session.submitTurn('x').orThrow()
  await session.compact()
  await expect.poll(() => payloads.of('PostCompact')).toHaveLength(1)
  expect(await only(payloads, 'PostCompact')).toMatchObject({ trigger: 'manual', compact_summary: 'Short.' })
})

test('after a manual compaction the next turn starts the session again, as `compact`', async () => {
  const { session, payloads } = await listen({
    plugins: [compacting('manual')],
    script: [{ text: 'a' }, { text: 'b' }],
  })
  await session.submitTurn('x').orThrow()
  await session.compact()
  await session.submitTurn('y').orThrow()
  expect((await payloads.of('SessionStart')).map(({ source }) => source)).toEqual(['startup', 'compact'])
})

/** A context manager that compacts when it is told to, or once by itself. */
function compacting(trigger: 'manual' | 'auto' | 'overflow'): ReturnType<typeof definePlugin> {
  const outcome = { droppedSeqs: [], summary: 'What was said.', tokensBefore: 10, tokensAfter: 5 }
  let isDue = true
  return definePlugin({
    name: 'test/compacting',
    apiVersion: 1,
    provides: ['contextManager'],
    setup: () => ({
      contextManager: {
        async plan({ state, estimatedTokens, beforeCompaction }) {
          const plan = { messages: state.transcript, segments: state.injected, estimatedTokens }
          if (trigger === 'manual' || !isDue) return plan
          isDue = false
          return (await beforeCompaction(trigger)) ? { ...plan, compaction: { trigger, ...outcome } } : plan
        },
        compactNow: async (_, { beforeCompaction }) =>
          (await beforeCompaction('manual'))
            ? { outcome: { trigger: 'manual' as const, ...outcome } }
            : undefined,
      },
    }),
  })
}

test('InstructionsLoaded names each file of instructions, when it is first used and when it changed', async () => {
  const payloads = new Payloads(await tempFolder())
  const hooks = claudeHooks({
    InstructionsLoaded: [{ hooks: [{ type: 'command', command: payloads.command() }] }],
  })
  const place = await openPlace({ script: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] })
  const { workingDir } = place.session.blueprint
  const use = (text: string): void =>
    place.runtime.replaceResources({
      ...snapshot(hooks),
      instructions: [{ source: join(workingDir, 'AGENTS.md'), text }],
    })
  use('Be kind.')
  await place.session.submitTurn('x').orThrow()
  await place.session.submitTurn('y').orThrow()
  use('Be brief.')
  await place.session.submitTurn('z').orThrow()
  expect(await payloads.all()).toMatchObject([
    { file_path: join(workingDir, 'AGENTS.md'), memory_type: 'Project', load_reason: 'session_start' },
    { load_reason: 'include' },
  ])
})

test('CwdChanged and PostModelSwitch tell what was and what is', async () => {
  const { session, payloads } = await listen({ script: [{ text: 'a' }, { text: 'b' }] })
  await session.submitTurn('x').orThrow()
  const before = session.blueprint.workingDir
  const after = await tempFolder()
  await session.update({ workingDir: after, model: 'test/other' })
  await session.submitTurn('y').orThrow()
  expect(await only(payloads, 'CwdChanged')).toMatchObject({ old_cwd: before, new_cwd: after, cwd: after })
  expect(await only(payloads, 'PostModelSwitch')).toMatchObject({
    from_model: 'test',
    to_model: 'test/other',
  })
})

test('a handler that is not of a Claude-layout plugin sees our names', async () => {
  const payloads = new Payloads(await tempFolder())
  const { session } = await openPlace({
    hooks: {
      hooks: { PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command: payloads.command() }] }] },
    },
    script: [{ toolCalls: [{ name: 'shell', input: { command: 'x' } }] }, { text: 'Done.' }],
    init: { tools: [recorder('shell')] },
  })
  await session.submitTurn('x').orThrow()
  expect(await payloads.all()).toMatchObject([{ tool_name: 'shell', plugin_id: 'config', plugin_root: '' }])
})

test('a script can read the last message from the transcript', async () => {
  const payloads = new Payloads(await tempFolder())
  const last = `tail -n 1 "$(tail -n 1 '${payloads.file}' | sed 's/.*"transcript_path":"\\([^"]*\\)".*/\\1/')" > '${payloads.file}.last'`
  const { session } = await openPlace({
    resources: snapshot(
      claudeHooks({ Stop: [{ hooks: [{ type: 'command', command: payloads.command(last) }] }] }),
    ),
    script: [{ text: 'The answer is 42.' }],
  })
  await session.submitTurn('x').orThrow()
  const line = JSON.parse(readFileSync(`${payloads.file}.last`, 'utf8')) as Json
  expect(line).toMatchObject({
    type: 'assistant',
    message: { role: 'assistant', content: [{ type: 'text', text: 'The answer is 42.' }] },
  })
})
