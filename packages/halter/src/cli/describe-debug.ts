import { inspect } from 'node:util'
import { isHalterError } from '@halter/core'
import { maskSecrets } from '@halter/core/host'
import type { OpenRuntime } from './open-runtime.ts'

/** How long the start took, and what of it. Milliseconds. */
export interface StartTimes {
  readonly configMs: number
  readonly startMs: number
}

/** For `--debug`: what was started with what, and how long each part took. */
export function describeStart(
  { runtime, config, cwd }: OpenRuntime,
  { configMs, startMs }: StartTimes,
): string {
  const plugins = runtime
    .describe()
    .plugins.map(({ name, setupMs, origin }) => `  ${formatMs(setupMs)}  ${name} (${origin})`)
  return [
    `debug: node ${process.version}, ${process.platform} ${process.arch}, in ${cwd}`,
    `debug: ${formatMs(configMs)} to read the configuration${config.layers.map(({ name, source }) => `\n  ${name}: ${source}`).join('')}`,
    `debug: ${formatMs(startMs)} to start ${plugins.length} plugins`,
    ...plugins,
    `debug: ready ${formatMs(performance.now())} after the start of the process`,
  ].join('\n')
}

/** For `--debug`: where an error comes from, and each of its causes, with what they carry. */
export function describeFailure(error: unknown): string {
  const lines: string[] = []
  const seen = new Set<unknown>()
  for (let each = error; each !== undefined && !seen.has(each) && seen.size < 10; each = causeOf(each)) {
    const isCause = seen.size > 0
    seen.add(each)
    lines.push(
      `debug: ${isCause ? `because: ${messageOf(each)}` : nameOf(each)}${framesOf(each)}${factsOf(each)}`,
    )
  }
  return lines.join('\n')
}

/** For `--debug`: how the command ended. */
export function describeEnd(code: number): string {
  return `debug: exit code ${code} after ${formatMs(performance.now())}`
}

function formatMs(ms: number): string {
  return `${ms.toFixed(1).padStart(7)} ms`
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)
}

/** The stack without the message, which has been told. */
function framesOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
  const several = error instanceof AggregateError ? error.errors.map((each) => `\n  ${inspect(each)}`) : []
  return [...frames.map((frame) => `\n${frame}`), ...several].join('')
}

/** Of halter's own errors: plugin, hook and data; the list of problems is the message. */
function factsOf(error: unknown): string {
  if (!isHalterError(error)) return ''
  const { plugin, hook, kind, data: { problems: _, ...data } = {} } = error
  const facts = Object.entries({ plugin, hook, kind, ...data }).filter(([, value]) => value !== undefined)
  if (facts.length === 0) return ''
  return `\n    ${inspect(maskSecrets(Object.fromEntries(facts)), { depth: 4, maxStringLength: 2_000 }).replaceAll('\n', '\n    ')}`
}
