import { definePlugin, isHalterError, type SessionPort } from '@halter/core'
import type { HookHandlers, HookTrial, TrialAnswer, TrialOutcome } from '@halter/plugin-hooks'
import type { Json } from '@halter/protocol'
import type { OptionValues } from './command-spec.ts'
import type { HOOKS_TEST } from './commands/hooks.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { printableLine } from './printable.ts'
import { UsageError } from './usage-error.ts'

/** What the exit code says. */
const EXIT_CODES = { none: 0, allow: 0, deny: 1, ask: 3 } as const

/** `halter hooks test`: runs handlers for real, in a session that nobody keeps. Exits with 1 for a denial and with 3 for a question. */
export async function testHooks(
  options: OptionValues<(typeof HOOKS_TEST)['options']>,
  [event]: readonly string[],
  output: Output,
): Promise<number> {
  const trial = trialOf(event!, options)
  let handlers: HookHandlers | undefined
  const { promise: port, resolve } = Promise.withResolvers<SessionPort>()
  const probe = definePlugin({
    name: 'halter/cli/hooks',
    apiVersion: 1,
    optional: ['hookHandlers'],
    setup: ({ services, hooks }) => {
      handlers = services.hookHandlers
      hooks.tap('notification.end', (_, { session }) => resolve(session))
      return {}
    },
  })
  const { runtime, cwd } = await openRuntime({ ...options, ephemeral: true, plugins: [probe] }, output)
  try {
    if (!handlers) {
      output.complain(
        'no plugin runs hook files here. @halter/plugin-hooks does, and the default preset has it.',
      )
      return 2
    }
    const session = await runtime.newSession({ workingDir: cwd })
    await session.notify('hook', 'a trial') // what hooks a session up with plugins, without a turn
    const outcome = await handlers.test(await port, trial, output.readerGone)
    if (options.json) output.json(outcome)
    else output.data(describe(outcome))
    return EXIT_CODES[outcome.decision]
  } catch (error) {
    if (isHalterError(error, 'ERR_HOOK_UNKNOWN')) throw new UsageError(error.message)
    throw error
  } finally {
    await runtime.shutdown()
  }
}

function trialOf(event: string, options: OptionValues<(typeof HOOKS_TEST)['options']>): HookTrial {
  const input = options.input === undefined ? undefined : readJson('--input', options.input)
  const fields = options.fields === undefined ? undefined : readJson('--fields', options.fields)
  if (fields !== undefined && !isObject(fields)) throw new UsageError('--fields takes a JSON object.')
  if (input !== undefined && options.tool === undefined)
    throw new UsageError('--input is the input of a tool: name it with --tool.')
  return {
    event,
    ...(options.tool !== undefined && { tool: options.tool }),
    ...(input !== undefined && { input }),
    ...(fields && { fields }),
  }
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readJson(option: string, text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new UsageError(`${option} takes JSON: ${(error as Error).message}`)
  }
}

function describe({ event, answers, decision, reason, by, patch, conflicts }: TrialOutcome): string {
  if (answers.length === 0) return `${event}: no handler is meant\n`
  const whose = by === undefined ? '' : ` (${by})`
  const lines = [
    ...answers.flatMap(describeAnswer),
    ...conflicts.map((conflict) => `conflict   ${conflict}`),
    ...(patch === undefined ? [] : [`changes    ${JSON.stringify(patch)}`]),
    `together   ${decision}${whose}${reason === undefined ? '' : `: ${reason}`}`,
  ]
  return lines.map((line) => `${printableLine(line)}\n`).join('')
}

function describeAnswer(answer: TrialAnswer): string[] {
  const { handler, source, status, decision, durationMs } = answer
  const word = decision ?? (status === 'ok' ? 'no opinion' : status)
  const details: readonly (readonly [string, string | undefined])[] = [
    ['reason', answer.reason],
    ['patch', answer.patch === undefined ? undefined : JSON.stringify(answer.patch)],
    ['context', answer.context],
    ['message', answer.message],
    ['output', answer.output],
  ]
  return [
    `${word.padEnd(10)} ${handler}  [${source}, ${durationMs} ms]`,
    ...details.flatMap(([name, text]) => (text === undefined ? [] : [`${' '.repeat(11)}${name}: ${text}`])),
  ]
}
