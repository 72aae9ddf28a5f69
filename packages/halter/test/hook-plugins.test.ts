import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredEvent } from '@halter/protocol'
import { expect, test } from 'vitest'
import { jsonLines, place, type Place } from './halter.ts'

/** Plugin folders as people write them for Claude Code: nothing in them knows of halter. */
const PLUGINS: Readonly<Record<string, string | object>> = {
  'guards/.claude-plugin/plugin.json': {
    name: 'guards',
    version: '1.0.0',
    description: 'Keeps agents from harm.',
  },
  'guards/hooks/hooks.json': {
    description: 'Guards for the shell',
    hooks: {
      PreToolUse: [
        {
          matcher: 'Bash',
          hooks: [{ type: 'command', command: '"${CLAUDE_PLUGIN_ROOT}"/scripts/guard.sh', timeout: 10 }],
        },
        {
          matcher: 'Write|Edit|MultiEdit',
          hooks: [{ type: 'command', command: 'python3 "${CLAUDE_PLUGIN_ROOT}/scripts/protect.py"' }],
        },
      ],
    },
  },
  // With sed alone: jq need not be there.
  'guards/scripts/guard.sh': `#!/usr/bin/env bash
set -euo pipefail
command=$(sed -n 's/.*"command":"\\([^"]*\\)".*/\\1/p')
case "$command" in
  *'rm -rf'*) echo "Refused: $command. Move it to the bin instead." >&2; exit 2 ;;
esac
`,
  'guards/scripts/protect.py': `import json, os, sys
payload = json.load(sys.stdin)
path = payload["tool_input"]["file_path"]
assert payload["tool_name"] == "Write", payload["tool_name"]
assert os.path.isabs(path), path
if os.path.basename(path).startswith(".env"):
    json.dump({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny",
               "permissionDecisionReason": "secrets stay as they are"}}, sys.stdout)
`,
  'tidy/.claude-plugin/plugin.json': { name: 'tidy', version: '2.0.0', hooks: './config/hooks.json' },
  'tidy/config/hooks.json': {
    hooks: {
      PreToolUse: [
        {
          matcher: 'Bash',
          hooks: [{ type: 'command', if: 'Bash(npm *)', command: 'node "$CLAUDE_PLUGIN_ROOT/pnpm.mjs"' }],
        },
      ],
      Stop: [{ hooks: [{ type: 'command', command: 'node "$CLAUDE_PLUGIN_ROOT/stop.mjs"' }] }],
      SessionStart: [
        {
          matcher: 'startup',
          hooks: [{ type: 'command', command: 'echo "Use pnpm in $(basename "$CLAUDE_PROJECT_DIR")."' }],
        },
      ],
    },
  },
  'tidy/pnpm.mjs': `const { tool_input } = JSON.parse(await new Response(process.stdin).text())
const command = tool_input.command.replace(/^npm /, 'echo pnpm ')
console.log(JSON.stringify({ hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow', updatedInput: { ...tool_input, command } } }))
`,
  // The usual way to ask for more: once, by the transcript's last words.
  'tidy/stop.mjs': `import { readFileSync } from 'node:fs'
const { stop_hook_active, transcript_path } = JSON.parse(await new Response(process.stdin).text())
if (stop_hook_active) process.exit(0)
const last = JSON.parse(readFileSync(transcript_path, 'utf8').trim().split('\\n').at(-1))
const text = last.message.content.map((block) => block.text ?? '').join('')
if (!text.includes('tested')) console.log(JSON.stringify({ decision: 'block', reason: 'You did not say that you tested it.' }))
`,
}

/** A working folder that names the plugins as a root, and a model that does what the script says. */
function withPlugins(
  replies: readonly object[],
): Place & { run(...args: string[]): ReturnType<Place['halter']> } {
  const files = Object.fromEntries(
    Object.entries(PLUGINS).map(([name, content]) => [`plugins/${name}`, content]),
  )
  const at = place({ ...files, 'script.json': { replies } })
  chmodSync(join(at.cwd, 'plugins/guards/scripts/guard.sh'), 0o755)
  at.write('halter.config.json', {
    model: 'scripted/script.json',
    plugins: [['@halter/plugin-resources', { roots: [join(at.cwd, 'plugins')] }]],
  })
  const run = (...args: string[]): ReturnType<Place['halter']> =>
    at.halter(args, { env: { HOME: at.home, HALTER_TRUST: '1' } })
  return Object.assign(at, { run })
}

async function newest(
  at: ReturnType<typeof withPlugins>,
): Promise<{ id: string; events: readonly StoredEvent[] }> {
  const [session] = jsonLines<{ sessionId: string }>((await at.run('sessions', 'list', '--json')).stdout)
  const { stdout } = await at.run('sessions', 'replay', session!.sessionId, '--json')
  return { id: session!.sessionId, events: jsonLines<StoredEvent>(stdout) }
}

test('plugins made for Claude Code guard, rewrite and put off the end, and it can be told why', async () => {
  const at = withPlugins([
    { toolCalls: [{ name: 'shell', input: { command: 'rm -rf build' } }] },
    { toolCalls: [{ name: 'write', input: { file_path: '.env', content: 'A=1' } }] },
    { toolCalls: [{ name: 'shell', input: { command: 'npm install' } }] },
    { text: 'Done.' },
    { text: 'Done, and tested.' },
  ])
  const { code, stdout } = await at.run('run', 'Clean up.')
  expect(code).toBe(0)
  expect(stdout).toContain('Done, and tested.')
  const { id, events } = await newest(at)
  const finished = events.filter((event) => event.type === 'toolCall.finished')
  expect(finished.map(({ outcome }) => outcome)).toEqual(['denied', 'denied', 'ok'])
  const texts = finished.map(({ parts }) => JSON.stringify(parts))
  expect(texts[0]).toContain('Refused: rm -rf build. Move it to the bin instead.')
  expect(texts[1]).toContain('secrets stay as they are')
  expect(texts[2]).toContain('pnpm install')
  expect(events.filter(({ type }) => type === 'context.injected')).toMatchObject([
    { text: 'Use pnpm in work.', scope: 'session' },
  ])
  expect(
    events.filter((event) => event.type === 'message.appended' && event.message.role === 'user'),
  ).toHaveLength(2)
  const [blocked, , changed] = await Promise.all(
    finished.map(async ({ seq }) => (await at.run('sessions', 'explain', id, String(seq))).stdout),
  )
  expect(blocked).toMatch(
    /PreToolUse hook denied: Refused: rm -rf build.*\n.*guard\.sh\n.*file .*guards\/hooks\/hooks\.json/,
  )
  expect(changed).toContain('patch {"command":{"from":"npm install","to":"echo pnpm install"}}')
})

test('one broken plugin costs itself alone', async () => {
  const at = withPlugins([{ text: 'Hello, tested.' }])
  at.write('plugins/broken/.claude-plugin/plugin.json', { name: 'broken', version: '1.0.0' })
  at.write('plugins/broken/hooks/hooks.json', '{ "hooks": { "PreToolUse": [')
  at.write('plugins/odd/.claude-plugin/plugin.json', { name: 'odd', version: '1.0.0' })
  at.write('plugins/odd/hooks/hooks.json', { hooks: { Stop: [{ hooks: [{ type: 'smoke' }] }] } })
  const { code } = await at.run('run', 'Hello.')
  expect(code).toBe(0)
  const { stdout, stderr } = await at.run('hooks', 'list')
  expect(stdout.trimEnd().split('\n')).toHaveLength(6)
  expect(stderr).toContain('"smoke"')
  const warnings = (await newest(at)).events.filter(({ type }) => type === 'warning.raised')
  expect(JSON.stringify(warnings)).toContain('broken')
})
