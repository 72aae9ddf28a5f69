import { resolve } from 'node:path'
import type { Limits, PromptSegment, SessionBlueprint, SessionId } from '@halter/protocol'
import type { RuntimeOptions, SessionInit } from '../contracts/runtime.ts'
import { HalterError } from '../errors.ts'

/** Pairs of metadata that a session may have, and the length of each key and value. */
const MAX_METADATA_PAIRS = 16
const MAX_METADATA_LENGTH = 512

/**
 * What a session is stored with, from what was asked for and what the runtime gives everyone.
 * @throws HalterError `ERR_SESSION_INPUT` naming the key, its value and what would do.
 */
export function createBlueprint(
  sessionId: SessionId,
  init: SessionInit,
  options: RuntimeOptions,
): SessionBlueprint {
  const model = init.model ?? options.defaultModel
  if (model === undefined || model === '')
    throw new HalterError(
      'ERR_SESSION_INPUT',
      'The session has no model. Pass `model`, or give the runtime a `defaultModel`.',
    )
  const models = init.models ?? options.models
  const append = init.appendSystemPrompt?.trim()
  return {
    sessionId,
    depth: 0,
    model,
    ...(models && { models }),
    ...pick(init, ['effort', 'temperature', 'maxOutputTokens', 'title']),
    workingDir: resolve(init.workingDir ?? process.cwd()),
    ...(init.systemPrompt !== undefined && { seed: [seedSegment(init.systemPrompt)] }),
    ...(append && { appendSystemPrompt: append }),
    limits: limitsOf(init, options),
    metadata: checkMetadata(init.metadata ?? {}),
  }
}

/**
 * Metadata that can be stored and asked for.
 * @throws HalterError `ERR_SESSION_INPUT`.
 */
export function checkMetadata(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(metadata)
  if (pairs.length > MAX_METADATA_PAIRS)
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `metadata has ${pairs.length} pairs; at most ${MAX_METADATA_PAIRS} are kept. Put the rest where it belongs, and its id here.`,
    )
  for (const [key, value] of pairs) {
    const problem =
      typeof value !== 'string'
        ? `is a ${typeof value}, not a string`
        : value.length > MAX_METADATA_LENGTH || key.length > MAX_METADATA_LENGTH
          ? `is longer than ${MAX_METADATA_LENGTH} characters`
          : undefined
    if (problem) throw new HalterError('ERR_SESSION_INPUT', `metadata["${key.slice(0, 80)}"] ${problem}.`)
  }
  return Object.freeze({ ...(metadata as Record<string, string>) })
}

function limitsOf(init: SessionInit, options: RuntimeOptions): Limits {
  const limits: Limits = {
    ...options.limits,
    ...(init.maxTurns !== undefined && { steps: init.maxTurns }),
    ...init.limits,
  }
  for (const [name, value] of Object.entries(limits) as [keyof Limits, unknown][])
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw new HalterError(
        'ERR_SESSION_INPUT',
        `limits.${name} is ${JSON.stringify(value)}; give a number of 0 or more.`,
      )
  return limits
}

function seedSegment(text: string): PromptSegment {
  return { id: 'seed', text, stability: 'session' }
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(
    keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]),
  ) as Partial<Pick<T, K>>
}
