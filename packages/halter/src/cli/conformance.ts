import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Testkit from '@halter/testkit/rules'
import type { OptionValues } from './command-spec.ts'
import type { CONFORMANCE } from './commands/conformance.ts'
import type { Output } from './output.ts'
import { printable } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** How long one rule may take. Milliseconds. */
const RULE_MS = 120_000
/** Lines of an error that are shown. */
const SHOWN_LINES = 20

/** A suite without the type of its harness, which only its own file knows. */
interface Suite {
  readonly name: string
  readonly harness: never
  readonly rules: readonly Testkit.Rule<never>[]
}

/** `halter conformance`: exit code 1 when a rule is broken. */
export async function checkConformance(
  options: OptionValues<(typeof CONFORMANCE)['options']>,
  [file]: readonly string[],
  output: Output,
): Promise<number> {
  const path = resolve(file!)
  const testkit = await loadTestkit(path)
  const suites = chosen(readSuites(await load(path), testkit.suites, file!), options.rule)
  const counts = { kept: 0, broken: 0, skipped: 0 }
  for (const { name, harness, rules } of suites)
    for (const rule of rules) {
      const outcome = await withDeadline(() => testkit.checkRules([rule], harness), rule.name)
      counts[outcome.status] += 1
      if (options.json) output.json(toJson(name, outcome))
      else output.data(describe(suites.length > 1 ? `${name}: ` : '', outcome))
    }
  if (!options.json) output.talk(`${counts.kept} kept, ${counts.broken} broken, ${counts.skipped} skipped.`)
  return counts.broken > 0 ? 1 : 0
}

/** The testkit that the file's own project has installed, else ours. Neither needs a test runner. */
async function loadTestkit(path: string): Promise<typeof Testkit> {
  const name = '@halter/testkit/rules'
  const find = (from: string): string | undefined => {
    try {
      return createRequire(from).resolve(name)
    } catch {
      return undefined
    }
  }
  const found = find(path) ?? find(import.meta.filename)
  if (found !== undefined) return (await import(pathToFileURL(found).href)) as typeof Testkit
  throw new UsageError({
    message: `@halter/testkit is not installed beside ${path}.`,
    cure: 'Install it there: npm install --save-dev @halter/testkit',
  })
}

async function load(path: string): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(path).href)) as { readonly default?: unknown }).default
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && isAbout(error, path))
      throw new UsageError(`${path}: there is no such file.`, 'conformance')
    throw error
  }
}

function isAbout(error: unknown, path: string): boolean {
  return error instanceof Error && error.message.startsWith(`Cannot find module '${path}'`)
}

function readSuites(
  exported: unknown,
  known: Readonly<Record<string, Suite['rules']>>,
  file: string,
): Suite[] {
  const list: readonly unknown[] = Array.isArray(exported) ? exported : [exported]
  return list.map((each) => {
    const { kind, name, harness } = (each ?? {}) as Record<string, unknown>
    if (typeof kind !== 'string' || typeof harness !== 'object' || harness === null)
      throw new UsageError(
        `${file} must export by default { kind, harness }, or several of them in an array; kind is one of ${Object.keys(known).join(', ')}.`,
        'conformance',
      )
    if (!Object.hasOwn(known, kind))
      throw new UsageError(
        { message: `There is no suite for "${kind}".`, unknown: { word: kind, known: Object.keys(known) } },
        'conformance',
      )
    return { name: typeof name === 'string' ? name : kind, harness: harness as never, rules: known[kind]! }
  })
}

function chosen(suites: readonly Suite[], part = ''): readonly Suite[] {
  const some = suites.map((suite) => ({
    ...suite,
    rules: suite.rules.filter(({ name }) => name.includes(part)),
  }))
  if (some.every(({ rules }) => rules.length === 0))
    throw new UsageError(`No rule has "${part}" in its name.`, 'conformance')
  return some
}

/** One outcome, also of a rule that hangs, and of one whose implementation fails where nobody waits for it. */
async function withDeadline(
  check: () => Promise<readonly Testkit.RuleOutcome[]>,
  name: string,
): Promise<Testkit.RuleOutcome> {
  const { promise: stray, reject } = Promise.withResolvers<never>()
  // Ref'd: where everything hangs, the process would end, and say nothing.
  const timer = setTimeout(
    () => reject(new Error(`The rule has not ended within ${RULE_MS / 1000} s.`)),
    RULE_MS,
  )
  process.on('uncaughtException', reject)
  process.on('unhandledRejection', reject)
  try {
    return (await Promise.race([check(), stray]))[0]!
  } catch (error) {
    return { name, status: 'broken', error }
  } finally {
    clearTimeout(timer)
    process.off('uncaughtException', reject)
    process.off('unhandledRejection', reject)
  }
}

function describe(suite: string, { name, status, reason, error }: Testkit.RuleOutcome): string {
  const line = `${status.padEnd(7)}  ${suite}${name}${reason === undefined ? '' : ` (${reason})`}\n`
  if (status !== 'broken') return line
  const lines = printable(messageOf(error)).split('\n')
  const rest = lines.length > SHOWN_LINES ? [`… ${lines.length - SHOWN_LINES} more lines`] : []
  return (
    line +
    [...lines.slice(0, SHOWN_LINES), ...rest].map((each) => `           ${each}`.trimEnd() + '\n').join('')
  )
}

function toJson(suite: string, { name, status, reason, error }: Testkit.RuleOutcome): object {
  return { suite, rule: name, status, reason, ...(status === 'broken' && { error: messageOf(error) }) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
