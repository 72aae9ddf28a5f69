import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestRuntime } from '@halter/core/testing'
import hooks from '@halter/plugin-hooks'
import { expect, it } from 'vitest'
import type { TranscriptLine } from '../../src/transcript/transcript-line.ts'
import { echo } from './played.ts'

it.skipIf(process.platform === 'win32')(
  'a command that judges a call finds the reply that made it, and the names that it knows',
  async () => {
    const workingDir = realpathSync(mkdtempSync(join(tmpdir(), 'halter-in-a-session-')))
    const command = `path=$(sed -n 's/.*"transcript_path":"\\([^"]*\\)".*/\\1/p'); cat "$path" > "seen-$HOOK_EVENT"`
    const on = [{ hooks: [{ type: 'command', command }] }]
    const { runtime } = await createTestRuntime({
      plugins: [[hooks, { settings: false, hooks: { PreToolUse: on, PostToolUse: on, Stop: on } }]],
      script: [
        { text: 'I will ask.', toolCalls: [{ id: 'call-a', name: 'shell', input: { text: 'pong' } }] },
        { text: 'It said pong.' },
      ],
    })
    const session = await runtime.newSession({ workingDir, tools: [echo] })
    await session.submitTurn('Ping?').result
    await runtime.shutdown()
    const seenAt = (event: string): unknown[] =>
      readFileSync(join(workingDir, `seen-${event}`), 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as TranscriptLine).message?.content)
    const reply = [
      'Ping?',
      [{ type: 'text', text: 'I will ask.' }],
      [{ type: 'tool_use', id: 'call-a', name: 'Bash', input: { text: 'pong' } }],
    ]
    expect(seenAt('PreToolUse')).toEqual(reply)
    expect(seenAt('PostToolUse')).toEqual(reply)
    expect(seenAt('Stop')).toEqual([
      ...reply,
      [{ type: 'tool_result', tool_use_id: 'call-a', content: 'pong' }],
      [{ type: 'text', text: 'It said pong.' }],
    ])
    rmSync(workingDir, { recursive: true })
  },
)
