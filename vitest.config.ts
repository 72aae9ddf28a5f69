import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// A test sees the same world on every machine: nothing of the developer's own halter, no key that could be charged, and no colour to
// match against.
for (const name of Object.keys(process.env))
  if (/^(?:HALTER|ANTHROPIC|OPENAI)_/.test(name)) delete process.env[name]

/** A home in which nobody has left anything: neither halter's own things nor what other agents are taught. */
const home = fileURLToPath(new URL('node_modules/.halter/home', import.meta.url))

// One project: `vitest run packages/core` picks a folder.
export default defineConfig({
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      '{examples,bench,prompts,reliability}/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '.tools/**'],
    env: { NO_COLOR: '1', HALTER_HOME: home, HOME: home, USERPROFILE: home },
    // Vitest leaves one core for watching. Here many tests wait for processes and terminals, so that more of them than cores can run.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
