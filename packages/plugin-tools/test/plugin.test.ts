import type { ApprovalReply, SessionHandle, SessionInit } from '@halter/core'
import { isPlugin, validate } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import type { TestScript } from '@halter/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import tools, { DEFAULT_OPTIONS, TOOL_NAMES } from '@halter/plugin-tools'
import type { ToolsOptions } from '@halter/plugin-tools'
import { isRunning, openSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'

let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

describe('the options', () => {
  it('are completed with the documented defaults', async () => {
    expect(isPlugin(tools)).toBe(true)
    const { value } = (await validate(tools.config!, {})) as { value: unknown }
    expect(value).toEqual(DEFAULT_OPTIONS)
  })

  it.each([
    ['an unknown tool', { tools: ['read', 'rm'] }],
    ['an unknown option', { rootz: [] }],
    ['a cap of nothing', { maxOutputBytes: 0 }],
    ['a variable that is no text', { env: { A: 1 } }],
  ])('are refused with %s', async (_, options) => {
    expect((await validate(tools.config!, options)).issues).toBeDefined()
  })
})

interface Opened {
  readonly session: SessionHandle
  readonly close: () => Promise<void>
}

async function open(
  script: TestScript,
  options: Partial<ToolsOptions> = {},
  init: Partial<SessionInit> = {},
): Promise<Opened> {
  const { runtime } = await createTestRuntime({ plugins: [[tools, options]], script })
  const session = await runtime.newSession({ workingDir: box.root, ...init })
  return { session, close: async () => void (await runtime.shutdown()) }
}

async function answers(session: SessionHandle): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const event of session.replay())
    if (event.type === 'toolCall.finished')
      found[event.callId] =
        `${event.outcome}: ${event.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')}`
  return found
}

describe('in a session', () => {
  it('all tools work, and their results are stored', async () => {
    box.file('a.txt', 'old text\n')
    const toolCalls = [
      { id: 'r', name: 'read', input: { file_path: 'a.txt' } },
      { id: 'e', name: 'edit', input: { file_path: 'a.txt', old_string: 'old', new_string: 'new' } },
      { id: 'w', name: 'write', input: { file_path: 'b/c.txt', content: 'new' } },
      { id: 'gl', name: 'glob', input: { pattern: '**/*.txt' } },
      { id: 'gr', name: 'grep', input: { pattern: 'new', output_mode: 'count' } },
      { id: 's', name: 'shell', input: { command: 'cat a.txt' } },
    ]
    const { session, close } = await open([{ toolCalls }, { text: 'done' }], { allowShell: ['cat'] })
    await session.submitTurn('go').orThrow()
    const { r, e, w, gl, gr, s } = await answers(session)
    expect(r).toBe('ok: 1\told text'.replace(' 1', '      1'))
    expect(e).toMatch(/^ok: Replaced 1 occurrence/)
    expect(w).toMatch(/^ok: Made .*c\.txt \(3 bytes\)\.$/)
    expect(gl?.split('\n').sort()).toEqual(['a.txt', 'ok: b/c.txt'])
    expect(gr).toBe('ok: a.txt:1\nb/c.txt:1\n[2 matches in 2 files.]')
    expect(s).toMatch(/^ok: new text\n\[Exit code 0 after/)
    await close()
  })

  it('only the named tools are offered', async () => {
    const { session, close } = await open(
      [{ toolCalls: [{ id: 's', name: 'shell', input: { command: 'id' } }] }, { text: 'x' }],
      {
        tools: ['grep', 'read'],
      },
    )
    await session.submitTurn('go').orThrow()
    expect((await answers(session))['s']).toContain('Available: grep, read.')
    expect(TOOL_NAMES).toHaveLength(8)
    await close()
  })

  it('rows 116 and 117: an empty list offers all, and an unknown name is refused by its name', async () => {
    const { session, close } = await open(
      [{ toolCalls: [{ id: 'x', name: 'no_such', input: {} }] }, { text: 'x' }],
      { tools: [] },
    )
    await session.submitTurn('go').orThrow()
    expect((await answers(session))['x']).toContain(`Available: ${TOOL_NAMES.toSorted().join(', ')}.`)
    await close()
    const { issues } = await validate(tools.config!, { tools: ['read', 'rm'] })
    expect(issues).toMatchObject([{ path: ['tools.1'], message: expect.stringContaining('read') }])
  })

  it('a command runs after a yes, and not after a no', async () => {
    const asked: string[] = []
    const approve = async ({ scope }: { scope: string }): Promise<ApprovalReply> => {
      asked.push(scope)
      return { answer: scope.includes('yes') ? 'once' : 'deny' }
    }
    const toolCalls = ['touch yes', 'touch no'].map((command) => ({
      id: command,
      name: 'shell',
      input: { command },
    }))
    const { session, close } = await open([{ toolCalls }, { text: 'x' }], {}, { approve })
    await session.submitTurn('go').orThrow()
    expect(asked).toEqual(['touch yes', 'touch no'])
    const found = await answers(session)
    expect(found['touch yes']).toMatch(/^ok: /)
    expect(found['touch no']).toMatch(/^denied: /)
    await close()
  })

  it('an interrupt ends a command at once, and the shutdown what was left in the background', async () => {
    const toolCalls = [
      { id: 's', name: 'shell', input: { command: 'sleep 300 >/dev/null 2>&1 & echo $!; sleep 300' } },
    ]
    const { session, close } = await open([{ toolCalls }], {
      allowShell: ['sleep 300 >/dev/null 2>&1 & echo $!; sleep 300'],
    })
    const turn = session.submitTurn('go')
    let pid = 0
    for await (const event of turn)
      if (event.type === 'toolOutput.delta') {
        pid = Number(event.text)
        turn.interrupt()
      }
    expect(await turn.result).toMatchObject({ status: 'failed', reason: 'interrupted' })
    await close()
    expect(pid).toBeGreaterThan(1)
    expect(isRunning(pid)).toBe(false)
  })
})
