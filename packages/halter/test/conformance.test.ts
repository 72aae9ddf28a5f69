import { existsSync, globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { jsonLines, place } from './halter.ts'

const examples = fileURLToPath(new URL('../../../examples/conformance/', import.meta.url))
const noTestRunner = `
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve(specifier, context, next) {
      if (/^vitest(\\/|$)/.test(specifier)) throw new Error('There is no test runner here.')
      return next(specifier, context)
    },
  })`

interface Line {
  readonly suite: string
  readonly rule: string
  readonly status: 'kept' | 'broken' | 'skipped'
  readonly reason?: string
  readonly error?: string
}

describe('an example', () => {
  test.each(globSync('*.ts', { cwd: examples }).toSorted())(
    '%s keeps every rule, without a test runner',
    async (file) => {
      const at = place({ 'no-test-runner.mjs': noTestRunner })
      const hook = `--import=${at.cwd}/no-test-runner.mjs`
      const { code, stdout, stderr } = await at.halter(['conformance', `${examples}${file}`, '--json'], {
        env: { NODE_OPTIONS: hook },
      })
      expect(stderr).toBe('')
      const lines = jsonLines<Line>(stdout)
      expect(lines.filter(({ status }) => status === 'broken')).toEqual([])
      expect(lines.filter(({ status }) => status === 'kept').length).toBeGreaterThan(15)
      expect(code).toBe(0)
    },
    60_000,
  )
})

/** A sink that loses events, throws where nobody waits for it, and hangs when it is told to stop. */
const broken = `
  const name = 'acme'
  export default {
    kind: 'eventSink',
    harness: {
      open: async () => {
        const lines = []
        const write = async (events, signal) => {
          if (events.length === 0) setTimeout(() => { throw new Error('lost in a timer') })
          if (events.length === 0 || signal.aborted) await new Promise(() => {})
          lines.push(...events.slice(1))
        }
        return {
          sink: { name, write },
          written: async (id) => lines.filter(({ sessionId }) => sessionId === id).map(({ seq }) => seq),
          close: async () => {},
        }
      },
    },
  }`

test('a broken implementation is told of by the rules it breaks, and the exit code is 1', async () => {
  const at = place({ 'init.mjs': broken })
  const { code, stdout, stderr } = await at.halter(['conformance', 'init.mjs'])
  expect(code).toBe(1)
  expect(stdout).toMatch(
    /^broken {3}the same events again change nothing\n {11}of session .+ it has other events/m,
  )
  expect(stdout).toMatch(/^broken {3}an empty batch is nothing to do\n {11}lost in a timer$/m)
  expect(stdout).toMatch(/^broken {3}a write that was told to stop before it began settles\n/m)
  expect(stdout).toMatch(/^kept {5}its name is the same each time/m)
  expect(stdout).toMatch(
    /^skipped {2}what a process before it wrote is not written again \(the sink keeps nothing/m,
  )
  expect(stderr).toMatch(/^\d+ kept, \d+ broken, \d+ skipped\.\n$/)
})

test('some rules can be chosen by their names', async () => {
  const at = place({ 'init.mjs': broken })
  const { stdout } = await at.halter(['conformance', 'init.mjs', '--rule', 'its name', '--json'])
  expect(jsonLines<Line>(stdout)).toEqual([
    {
      suite: 'eventSink',
      rule: 'its name is the same each time, and it says where it begins',
      status: 'kept',
    },
  ])
})

test.each([
  ['nowhere.ts', 'nowhere.ts: there is no such file'],
  ['empty.mjs', 'must export by default { kind, harness }'],
  ['typo.mjs', 'Did you mean sessionStore?'],
  ['empty.mjs --rule zzz', 'must export'],
])('%s is refused with exit code 2', async (args, message) => {
  const at = place({
    'empty.mjs': 'export const x = 1',
    'typo.mjs': 'export default { kind: "sesionStore", harness: {} }',
  })
  const { code, stdout, stderr } = await at.halter(['conformance', ...args.split(' ')])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(message)
  expect(existsSync(at.home)).toBe(false)
})
