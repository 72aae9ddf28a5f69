import { describe, expect, test } from 'vitest'
import type { Json } from '@halter/protocol'
import { defineHook } from '../src/index.ts'
import {
  claudeHooks,
  openPlace,
  Payloads,
  recorder,
  resultText,
  shellScript,
  snapshot,
  tempFolder,
  type Place,
  type PlaceOptions,
} from './place.ts'

/** A turn in which the model calls the shell, with these handlers of `PreToolUse`. */
async function callShell(
  handlers: readonly Json[],
  command = 'rm -rf /',
  more: PlaceOptions = {},
): Promise<Place & { readonly inputs: Json[] }> {
  const shell = recorder('shell')
  const place = await openPlace({
    resources: snapshot(claudeHooks({ PreToolUse: [{ matcher: 'Bash', hooks: [...handlers] }] })),
    script: shellScript(command),
    ...more,
    init: { tools: [shell], ...more.init },
  })
  await place.session.submitTurn('go').result
  return Object.assign(place, { inputs: shell.inputs })
}

function says(output: Json): Json {
  return { type: 'command', command: `cat > /dev/null; printf '%s' '${JSON.stringify(output)}'` }
}

function permission(permissionDecision: string, more: Record<string, Json> = {}): Json {
  return says({ hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision, ...more } })
}

const DENY = permission('deny', { permissionDecisionReason: 'too dangerous' })
const ASK = permission('ask', { permissionDecisionReason: 'are you sure' })
const ALLOW = permission('allow')

test('a guard that denies keeps the tool from running, and the model reads why and whose word it is', async () => {
  const place = await callShell([DENY])
  expect(place.inputs).toEqual([])
  expect(await resultText(place)).toContain('too dangerous (/nowhere/hooks/hooks.json)')
  const [run] = await place.runs()
  expect(run).toMatchObject({
    plugin: '@halter/plugin-hooks',
    event: 'PreToolUse',
    status: 'denied',
    decision: 'deny',
    detail: 'too dangerous',
    source: '/nowhere/hooks/hooks.json',
  })
  const [finished] = await place.eventsOf('toolCall.finished')
  expect(run!.callId).toBe(finished!.callId)
})

test('exit code 2 denies with what was written to stderr', async () => {
  const place = await callShell([{ type: 'command', command: 'echo "not here" >&2; exit 2' }])
  expect(place.inputs).toEqual([])
  expect(await resultText(place)).toContain('not here')
})

describe('deny > ask > allow, in any order', () => {
  test.each([
    [[ALLOW, ASK, DENY], 'deny'],
    [[DENY, ASK, ALLOW], 'deny'],
    [[ASK, DENY, ALLOW], 'deny'],
    [[ALLOW, ASK], 'ask'],
    [[ASK, ALLOW], 'ask'],
    [[ALLOW], 'allow'],
    [[], 'none'],
  ] as const)('%#', async (handlers, expected) => {
    let asked = 0
    const approve = (): 'once' => {
      asked++
      return 'once'
    }
    const tool = { ...recorder('shell'), needsApproval: () => ({ reason: 'the tool asks' }) }
    const place = await openPlace({
      resources: snapshot(claudeHooks({ PreToolUse: [{ hooks: [...handlers] }] })),
      script: shellScript('x'),
      init: { tools: [tool], approve },
    })
    await place.session.submitTurn('go').result
    // The tool's own wish counts only where no guard said anything.
    expect(asked).toBe(expected === 'ask' || expected === 'none' ? 1 : 0)
    const [finished] = await place.eventsOf('toolCall.finished')
    expect(finished!.outcome).toBe(expected === 'deny' ? 'denied' : 'ok')
    const [requested] = await place.eventsOf('approval.requested')
    if (expected === 'ask')
      expect(requested).toMatchObject({ reason: expect.stringContaining('are you sure') as string })
  })
})

test('a handler rewrites the input: the tool gets it, the log keeps it, and the patch tells what changed', async () => {
  const place = await callShell([permission('allow', { updatedInput: { command: 'echo safe' } })])
  expect(place.inputs).toEqual([{ command: 'echo safe' }])
  expect(await place.eventsOf('toolCall.started')).toMatchObject([{ input: { command: 'echo safe' } }])
  expect(await place.runs()).toMatchObject([
    { status: 'changed', patch: { command: { from: 'rm -rf /', to: 'echo safe' } } },
  ])
})

test('one run serves rewriting and judging; a guard that saw another input is asked again, the one that made it is not', async () => {
  const first = new Payloads(await tempFolder())
  const second = new Payloads(await tempFolder())
  const rewrite = `printf '{"hookSpecificOutput":{"updatedInput":{"command":"echo safe"}}}'`
  const place = await callShell([
    { type: 'command', command: first.command(rewrite) },
    { type: 'command', command: second.command() },
  ])
  expect(await first.all()).toMatchObject([{ tool_input: { command: 'rm -rf /' } }])
  expect(await second.all()).toMatchObject([
    { tool_input: { command: 'rm -rf /' } },
    { tool_input: { command: 'echo safe' } },
  ])
  expect(place.inputs).toEqual([{ command: 'echo safe' }])
})

test('without a rewrite every handler runs once per call', async () => {
  const payloads = new Payloads(await tempFolder())
  await callShell([{ type: 'command', command: payloads.command() }])
  expect(await payloads.all()).toHaveLength(1)
})

test('a guard judges what will run: a harmless call that somebody makes harmful is denied', async () => {
  const guard = `grep -q 'rm -rf' && { echo 'no rm' >&2; exit 2; }; exit 0`
  const place = await callShell(
    [permission('allow', { updatedInput: { command: 'rm -rf /' } }), { type: 'command', command: guard }],
    'ls',
  )
  expect(place.inputs).toEqual([])
  expect(await resultText(place)).toContain('no rm')
})

test('a denial stands, whatever somebody else makes of the input', async () => {
  const guard = `grep -q 'rm -rf' && { echo 'no rm' >&2; exit 2; }; exit 0`
  const place = await callShell([
    permission('allow', { updatedInput: { command: 'ls' } }),
    { type: 'command', command: guard },
  ])
  expect(place.inputs).toEqual([])
})

test('two handlers that rewrite the same input: the first has its way, and the conflict is reported', async () => {
  const place = await callShell([
    permission('allow', { updatedInput: { command: 'first' } }),
    permission('allow', { updatedInput: { command: 'second' } }),
  ])
  expect(place.inputs).toEqual([{ command: 'first' }])
  const warnings = await place.eventsOf('warning.raised')
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /Two hooks rewrite the same \(updated_input\): guards:PreToolUse:0:0:0 .* guards:PreToolUse:0:0:1/,
    ),
  ])
})

describe('a guard that does not answer denies', () => {
  test.each([
    ['crashes', { command: 'exit 1' }],
    ['cannot be found', { command: '/nowhere/guard.sh' }],
    ['dies by a signal', { command: 'kill -9 $$' }],
    ['takes too long', { command: 'sleep 30', timeout: 0.2 }],
    ['has no time', { command: 'true', timeout: 0 }],
    ['prints half an answer', { command: `printf '{"decision":'` }],
    ['answers a word that does not exist', { command: `printf '{"decision":"blok"}'` }],
  ])('%s', async (_, handler) => {
    const place = await callShell([{ type: 'command', ...handler }])
    expect(place.inputs).toEqual([])
    expect(await resultText(place)).toMatch(/a hook that must answer failed: .*onFailure/s)
    expect(await place.eventsOf('warning.raised')).toMatchObject([
      { message: expect.stringContaining('which denies') as string },
    ])
  })

  test('unless its onFailure lets it pass', async () => {
    const place = await callShell([{ type: 'command', command: 'exit 1', onFailure: 'allow' }])
    expect(place.inputs).toHaveLength(1)
    expect(await place.runs()).toMatchObject([{ status: 'failed' }])
  })

  test('or asks', async () => {
    const place = await callShell([{ type: 'command', command: 'exit 1', onFailure: 'ask' }], 'x', {
      init: { approve: () => 'once' },
    })
    expect(await place.eventsOf('approval.requested')).toHaveLength(1)
    expect(await place.eventsOf('toolCall.finished')).toMatchObject([{ outcome: 'ok' }])
  })
})

test('an observer that fails is a warning, and everything goes on', async () => {
  const shell = recorder('shell')
  const place = await openPlace({
    resources: snapshot(claudeHooks({ PostToolUse: [{ hooks: [{ type: 'command', command: 'exit 7' }] }] })),
    script: shellScript('x'),
    init: { tools: [shell] },
  })
  await place.session.submitTurn('go').orThrow()
  expect(await place.eventsOf('toolCall.finished')).toMatchObject([{ outcome: 'ok' }])
  expect(await place.eventsOf('warning.raised')).toMatchObject([
    { message: expect.stringContaining('is passed over') as string },
  ])
})

test('what a handler adds for the model is in the tail of the next request, and gone with the turn', async () => {
  const place = await openPlace({
    resources: snapshot(
      claudeHooks({ PreToolUse: [{ hooks: [permission('allow', { additionalContext: 'Mind the gap.' })] }] }),
    ),
    script: [...shellScript('x'), { text: 'Next turn.' }],
    init: { tools: [recorder('shell')] },
  })
  await place.session.submitTurn('go').orThrow()
  await place.session.submitTurn('again').orThrow()
  const tails = place.provider.requests.map(({ tail }) => tail.map(({ text }) => text))
  expect(tails).toEqual([[], ['Mind the gap.'], []])
  // Never where a cache would break: neither the system prompt nor the transcript has it.
  for (const { system, messages } of place.provider.requests)
    expect(JSON.stringify([system, [...messages]])).not.toContain('Mind the gap.')
})

test('what a handler tells the user is a notification', async () => {
  const place = await callShell([says({ systemMessage: 'Heads up.' })])
  expect(await place.eventsOf('notification.raised')).toMatchObject([{ kind: 'hook', message: 'Heads up.' }])
})

describe('`continue: false` ends the turn', () => {
  test.each(['PreToolUse', 'PostToolUse', 'PostToolBatch'])(
    'from %s, before the next model call',
    async (event) => {
      const shell = recorder('shell')
      const place = await openPlace({
        resources: snapshot(
          claudeHooks({ [event]: [{ hooks: [says({ continue: false, stopReason: 'that is enough' })] }] }),
        ),
        script: shellScript('x'),
        init: { tools: [shell] },
      })
      const result = await place.session.submitTurn('go').result
      expect(result).toMatchObject({
        status: 'failed',
        error: { code: 'ERR_TURN_REFUSED', plugin: '@halter/plugin-hooks' },
      })
      // Whose word it was, and nothing of a defect.
      expect(result.error!.message).toMatch(
        new RegExp(`^The ${event} hook .+ \\(.*hooks\\.json\\) stopped the turn: that is enough$`),
      )
      expect(await place.eventsOf('turn.failed')).toMatchObject([{ error: result.error }])
      expect(place.provider.requests).toHaveLength(1)
      expect(shell.inputs).toHaveLength(event === 'PreToolUse' ? 0 : 1)
    },
  )

  test('which is no failure that `StopFailure` tells of', async () => {
    const place = await openPlace({
      resources: snapshot(
        claudeHooks({
          PreToolUse: [{ hooks: [says({ continue: false })] }],
          StopFailure: [{ hooks: [says({})] }],
        }),
      ),
      script: shellScript('x'),
      init: { tools: [recorder('shell')] },
    })
    expect((await place.session.submitTurn('go').result).status).toBe('failed')
    expect((await place.runs()).map(({ event }) => event)).toEqual(['PreToolUse'])
  })

  test('and the next turn is free of it', async () => {
    const place = await openPlace({
      resources: snapshot(claudeHooks({ PreToolUse: [{ hooks: [says({ continue: false })] }] })),
      script: [...shellScript('x').slice(0, 1), { text: 'Better.' }],
      init: { tools: [recorder('shell')] },
    })
    await place.session.submitTurn('go').result
    expect((await place.session.submitTurn('again').result).text).toBe('Better.')
  })
})

describe('after a call', () => {
  async function after(
    event: string,
    output: Json,
    answer: () => unknown = () => 'secret: 42',
  ): Promise<Place> {
    const place = await openPlace({
      resources: snapshot(claudeHooks({ [event]: [{ hooks: [says(output)] }] })),
      script: shellScript('x'),
      init: { tools: [recorder('shell', answer)] },
    })
    await place.session.submitTurn('go').orThrow()
    return place
  }

  test.each([
    ['updatedToolOutput', 'redacted', [{ kind: 'text', text: 'redacted' }]],
    ['updatedMCPToolOutput', 'redacted', [{ kind: 'text', text: 'redacted' }]],
    ['updatedToolOutput', null, []],
    ['updatedToolOutput', { a: 1 }, [{ kind: 'json', value: { a: 1 } }]],
    ['updatedToolOutput', { stdout: 'out', stderr: 'err' }, [{ kind: 'text', text: 'out\nerr' }]],
  ])('%s %j replaces what the model reads', async (key, value, parts) => {
    const place = await after('PostToolUse', {
      hookSpecificOutput: { hookEventName: 'PostToolUse', [key]: value },
    })
    expect(await place.eventsOf('toolCall.finished')).toMatchObject([{ parts }])
    expect(await place.runs()).toMatchObject([{ status: 'changed', patch: { result: { to: value } } }])
  })

  test('a block stands beside the result, which is there', async () => {
    const place = await after('PostToolUse', { decision: 'block', reason: 'Run the linter.' })
    expect(await resultText(place)).toBe('secret: 42\nA hook says: Run the linter.')
  })

  test('a failed call has its own event, and context of it reaches the model', async () => {
    const place = await after(
      'PostToolUseFailure',
      { hookSpecificOutput: { hookEventName: 'PostToolUseFailure', additionalContext: 'Try sudo.' } },
      () => {
        throw new Error('no permission')
      },
    )
    expect(place.provider.requests[1]!.tail.map(({ text }) => text)).toEqual(['Try sudo.'])
  })

  test('context of a whole batch is in the very next request', async () => {
    const place = await after('PostToolBatch', {
      hookSpecificOutput: { hookEventName: 'PostToolBatch', additionalContext: 'All ran.' },
    })
    expect(place.provider.requests.map(({ tail }) => tail.map(({ text }) => text))).toEqual([
      [],
      ['All ran.'],
    ])
  })
})

describe('before somebody is asked', () => {
  async function request(
    handler: Json,
    approve: () => 'once' | 'deny' = () => 'deny',
  ): Promise<Place & { asked: number }> {
    let asked = 0
    const tool = { ...recorder('shell'), needsApproval: () => ({ reason: 'it writes' }) }
    const place = await openPlace({
      resources: snapshot(claudeHooks({ PermissionRequest: [{ matcher: 'Bash', hooks: [handler] }] })),
      script: shellScript('x'),
      init: {
        tools: [tool],
        approve: () => {
          asked++
          return approve()
        },
      },
    })
    await place.session.submitTurn('go').result
    return Object.assign(place, { asked })
  }
  const decide = (decision: Json): Json =>
    says({ hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } })
  const outcome = async (place: Place): Promise<string> =>
    (await place.eventsOf('toolCall.finished'))[0]!.outcome

  test('a handler says yes in their place', async () => {
    const place = await request(decide({ behavior: 'allow' }))
    expect([place.asked, await outcome(place)]).toEqual([0, 'ok'])
  })

  test('a handler says no in their place', async () => {
    const place = await request(decide({ behavior: 'deny', message: 'never' }), () => 'once')
    expect([place.asked, await outcome(place)]).toEqual([0, 'denied'])
    expect(await resultText(place)).toContain('never')
  })

  test('a handler that fails leaves it to them', async () => {
    const place = await request({ type: 'command', command: 'exit 1' }, () => 'once')
    expect([place.asked, await outcome(place)]).toEqual([1, 'ok'])
  })

  test('a yes to another input is no yes to this one', async () => {
    const place = await request(
      decide({ behavior: 'allow', updatedInput: { command: 'other' } }),
      () => 'once',
    )
    expect([place.asked, await outcome(place)]).toEqual([1, 'ok'])
    expect((await place.eventsOf('warning.raised'))[0]!.message).toContain('Rewrite it in PreToolUse')
  })

  test('a no that interrupts ends the turn', async () => {
    const place = await request(decide({ behavior: 'deny', message: 'stop now', interrupt: true }))
    expect(await place.eventsOf('turn.failed')).toMatchObject([
      { error: { message: expect.stringContaining('stop now') as string } },
    ])
  })
})

test('what is said of a denied call is in the very next request', async () => {
  const place = await openPlace({
    resources: snapshot(
      claudeHooks({
        PreToolUse: [{ hooks: [DENY] }],
        PermissionDenied: [
          { hooks: [says({ hookSpecificOutput: { hookEventName: 'PermissionDenied', retry: true } })] },
        ],
      }),
    ),
    script: shellScript('x'),
    init: { tools: [recorder('shell')] },
  })
  await place.session.submitTurn('go').orThrow()
  expect(place.provider.requests.map(({ tail }) => tail.map(({ text }) => text))).toEqual([
    [],
    ['The denied call of "shell" may be tried again.'],
  ])
})

test('what a quick function says of a denied call is in it once', async () => {
  const place = await openPlace({
    hooks: {
      functions: [
        defineHook('PreToolUse', () => ({ decision: 'block' as const })),
        defineHook('PermissionDenied', () => 'Think again.'),
      ],
    },
    script: shellScript('x'),
    init: { tools: [recorder('shell')] },
  })
  await place.session.submitTurn('go').orThrow()
  expect(place.provider.requests[1]!.tail.map(({ text }) => text)).toEqual(['Think again.'])
})

test('a function, a matcher and a condition decide which calls a handler sees', async () => {
  const seen: Json[] = []
  const shell = recorder('shell')
  const place = await openPlace({
    hooks: {
      functions: [
        defineHook('pre_tool_use', ({ tool_input: input }) => void seen.push(input!), {
          matcher: 'Bash|Read',
          if: 'Bash(git push:*)',
        }),
      ],
    },
    script: [
      { toolCalls: [{ name: 'shell', input: { command: 'git status' } }] },
      { toolCalls: [{ name: 'shell', input: { command: 'cd x && git push --force' } }] },
      { text: 'Done.' },
    ],
    init: { tools: [shell] },
  })
  await place.session.submitTurn('go').orThrow()
  expect(seen).toEqual([{ command: 'cd x && git push --force' }])
})
