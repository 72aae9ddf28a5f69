import { defineConfig } from 'vitest/config'

// One project: test files run in parallel across packages, and `vitest run packages/core` picks a folder.
export default defineConfig({
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      '{examples,bench,prompts}/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '.tools/**'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Loopback, no colour and no ambient configuration: a test sees the same world on every machine.
    env: { NO_COLOR: '1' },
  },
})
