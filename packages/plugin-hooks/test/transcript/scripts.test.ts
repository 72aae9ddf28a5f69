import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqliteStore from '@halter/plugin-sqlite-store'
import { definePlugin } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HandlerResult } from '../../src/hook-handler.ts'
import { runHandler } from '../../src/handlers/run-handler.ts'
import { Transcripts } from '../../src/transcript/transcripts.ts'
import { commandHandler, openSandbox, payloadOf, type Sandbox } from '../handlers/sandbox.ts'
import { linesOf } from './played.ts'

// Scripts as people have them in their hook files: each prints the last thing that the assistant said.
const SCRIPTS = {
  'bash without jq': `path=$(sed -n 's/.*"transcript_path":"\\([^"]*\\)".*/\\1/p')
tail -n 1 "$path" | grep -o '"type":"text","text":"[^"]*"' | sed 's/.*"text":"//; s/"$//'`,
  'bash with tac': `path=$(grep -o '"transcript_path":"[^"]*"' | cut -d'"' -f4)
tac "$path" | grep -m 1 '"type":"assistant"' | sed 's/.*"text":"\\([^"]*\\)".*/\\1/'`,
  python3: `python3 -c '
import json, sys
said = None
for line in open(json.load(sys.stdin)["transcript_path"], encoding="utf-8"):
    entry = json.loads(line)
    if entry["type"] != "assistant": continue
    for block in entry["message"]["content"]:
        if block["type"] == "text": said = block["text"]
print(said)'`,
  node: `node -e '
const fs = require("node:fs")
const { transcript_path } = JSON.parse(fs.readFileSync(0, "utf8"))
const entries = fs.readFileSync(transcript_path, "utf8").trim().split("\\n").map((line) => JSON.parse(line))
const last = entries.findLast((entry) => entry.type === "assistant")
console.log(last.message.content.filter(({ type }) => type === "text").map(({ text }) => text).join(""))'`,
}

let box: Sandbox
let folder: string
beforeEach(() => {
  box = openSandbox()
  folder = mkdtempSync(join(tmpdir(), 'halter-scripts-'))
})
afterEach(async () => {
  await box.remove()
  rmSync(folder, { recursive: true, force: true })
})

/** Plays turns over a store in a file, and runs the scripts where each of them would end. */
async function play(
  replies: readonly string[],
  commands: readonly string[],
): Promise<{ results: HandlerResult[]; text: string }> {
  const results: HandlerResult[] = []
  let text = ''
  const stop = definePlugin({
    name: '@acme/stop',
    apiVersion: 1,
    requires: ['sessionStore'],
    setup({ hooks, services }) {
      const transcripts = new Transcripts({ source: services.sessionStore, parent: folder })
      hooks.tap('turn.guard', async (_stop, { session }) => {
        const path = await transcripts.update(session)
        const payload = payloadOf(box.root, { hook_event_name: 'Stop', transcript_path: path })
        for (const command of commands)
          results.push(await runHandler(commandHandler(command), payload, box.context()))
        text = readFileSync(path, 'utf8')
        expect(linesOf(path).length).toBeGreaterThan(0)
      })
      return {}
    },
  })
  const { runtime } = await createTestRuntime({
    plugins: [[sqliteStore, { path: join(folder, 'sessions.db') }], stop],
    script: replies.map((reply) => ({ thinking: 'Hm.', text: reply })),
  })
  const session = await runtime.newSession()
  for (const [index] of replies.entries()) await session.submitTurn(`Question ${index}`).result
  await runtime.shutdown()
  return { results, text }
}

describe.skipIf(process.platform === 'win32')('a script of a hook that reads the last message', () => {
  it.each(Object.entries(SCRIPTS))('finds it: %s', async (_name, command) => {
    const { results } = await play(['First.', 'Grüße, 世界.'], [command])
    expect(results.map(({ stdout, error }) => stdout ?? error)).toEqual(['First.', 'Grüße, 世界.'])
  })
})

it('a text that the store keeps apart, because it is large, is in the transcript', async () => {
  const large = `begin ${'x'.repeat(40_000)} end`
  const stop = await play([large], [])
  expect(stop.text).toContain(large)
  expect(stop.text).not.toContain('"kind":"blob"')
})
