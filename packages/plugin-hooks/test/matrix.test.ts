import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TestReply } from '@halter/core/testing'
import type { Json } from '@halter/protocol'
import type { HookEventName } from '../src/hook-events.ts'
import type { HooksOptions } from '../src/options.ts'
import { defineHook } from '../src/index.ts'
import { compactingPlugin } from './compacting.ts'
import { claudeHooks, openPlace, recorder, snapshot, type Place } from './place.ts'

/** What a handler does, whatever it is. */
const OUTCOMES = ['nothing', 'block', 'failure'] as const
type Outcome = (typeof OUTCOMES)[number]

const KINDS = ['command', 'http', 'prompt', 'agent', 'function'] as const
type Kind = (typeof KINDS)[number]

/** Events, and what a block and a failure stop of them. */
const EVENTS: Readonly<
  Partial<Record<HookEventName, { readonly block: boolean; readonly failure: boolean }>>
> = {
  SessionStart: { block: false, failure: false },
  UserPromptSubmit: { block: true, failure: true },
  PreToolUse: { block: true, failure: true },
  PostToolUse: { block: false, failure: false },
  PostToolBatch: { block: true, failure: false },
  PermissionRequest: { block: true, failure: false },
  Notification: { block: false, failure: false },
  Stop: { block: true, failure: false },
  PreCompact: { block: true, failure: false },
  PostCompact: { block: false, failure: false },
  SessionEnd: { block: false, failure: false },
}

/** Refused for these, as documented: nobody is there yet, or any more, to answer. */
const NO_HTTP: readonly string[] = ['SessionStart', 'SessionEnd']

/** A server that answers as it is told. */
async function server(outcome: Outcome): Promise<string> {
  const http = createServer((_, response) => {
    response.statusCode = outcome === 'failure' ? 500 : 200
    response.end(outcome === 'block' ? JSON.stringify({ decision: 'block', reason: 'no' }) : '')
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/hook`
}

async function handlerOf(kind: Exclude<Kind, 'function'>, outcome: Outcome): Promise<Json> {
  switch (kind) {
    case 'command':
      return {
        type: 'command',
        command: { nothing: 'exit 0', block: 'echo no >&2; exit 2', failure: 'exit 1' }[outcome],
      }
    case 'http':
      return { type: 'http', url: await server(outcome) }
    case 'prompt':
      return { type: 'prompt', prompt: 'Is this fine? $ARGUMENTS' }
    case 'agent':
      return { type: 'agent', prompt: 'You are the judge.' }
  }
}

/** What the handler's model says. */
const VERDICTS: Readonly<Record<Outcome, TestReply>> = {
  nothing: { text: '{"ok":true}' },
  block: { text: '{"ok":false,"reason":"no"}' },
  failure: { text: 'I would rather talk about the weather.' },
}

/** A whole life of a session, in which every event happens once. */
async function live(
  event: HookEventName,
  kind: Kind,
  outcome: Outcome,
): Promise<Place & { readonly stopped: boolean }> {
  let compactions = 0
  let replies = 0
  const shell = recorder('shell')
  const compacting = compactingPlugin(() => {
    compactions += 1
  })
  const functions: HooksOptions['functions'] =
    kind === 'function'
      ? [
          defineHook(event, () => {
            if (outcome === 'failure') throw new Error('boom')
            return outcome === 'block' ? { decision: 'block', reason: 'no' } : undefined
          }),
        ]
      : []
  const files =
    kind === 'function' ? [] : [claudeHooks({ [event]: [{ hooks: [await handlerOf(kind, outcome)] }] })]
  const place = await openPlace({
    hooks: { functions, allowLoopback: true },
    resources: snapshot(...files),
    plugins: [compacting],
    script: ({ purpose, sessionId, system }) => {
      const isJudge =
        purpose === 'hook' || JSON.stringify(system).includes('judge') || sessionId !== place.session.id
      if (isJudge) return VERDICTS[outcome]
      return replies++ === 0 ? { toolCalls: [{ name: 'shell', input: { command: 'x' } }] } : { text: 'Done.' }
    },
    init: {
      tools: [{ ...shell, needsApproval: () => ({ reason: 'it writes' }) }],
      approve: () => 'once',
    },
  })
  const { session } = place
  const turn = await session.submitTurn('x').result
  await session.notify('kind', 'message')
  await session.compact()
  await expect
    .poll(async () => (await place.runs()).length, { timeout: 5_000 })
    .toBeGreaterThanOrEqual(event === 'SessionEnd' ? 0 : 1)
  await session.shutdown('bye')
  const stopped = {
    UserPromptSubmit: turn.reason === 'refused' || (await place.eventsOf('prompt.refused')).length > 0,
    PreToolUse: shell.inputs.length === 0,
    PermissionRequest: shell.inputs.length === 0,
    PostToolBatch: turn.status === 'failed',
    Stop: replies > 2,
    PreCompact: compactions === 0,
  }[event as 'Stop']
  return Object.assign(place, { stopped: stopped ?? false })
}

describe.each(KINDS)('%s', (kind) => {
  describe.each(Object.keys(EVENTS) as HookEventName[])('%s', (event) => {
    test.each(OUTCOMES)('%s', async (outcome) => {
      const place = await live(event, kind, outcome)
      const runs = (await place.runs()).filter((run) => run.event === event)
      const isRefused = kind === 'http' && NO_HTTP.includes(event)
      expect(runs.length).toBeGreaterThan(0)
      const expected = { nothing: 'completed', block: 'denied', failure: 'failed' }[outcome]
      for (const { status } of runs) expect(status).toBe(isRefused ? 'failed' : expected)
      expect(place.stopped).toBe(outcome !== 'nothing' && EVENTS[event]![outcome])
    })
  })
})
