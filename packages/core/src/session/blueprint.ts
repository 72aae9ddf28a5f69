import { resolve } from 'node:path'
import type { Limits, PromptSegment, SessionBlueprint, SessionId, SessionUpdate } from '@halter/protocol'
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
  if (sessionId === '') throw wrong('sessionId', sessionId, 'leave it out, or give one of your own')
  checkTitle(init.title)
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
 * Metadata that can be stored and asked for, as a copy that nobody else changes.
 * @throws HalterError `ERR_SESSION_INPUT`.
 */
function checkMetadata(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(metadata)
  if (pairs.length > MAX_METADATA_PAIRS)
    throw new HalterError(
      'ERR_SESSION_INPUT',
      `metadata has ${pairs.length} pairs; at most ${MAX_METADATA_PAIRS} are kept. Put the rest where it belongs, and its id here.`,
    )
  for (const [key, value] of pairs) {
    const name = `metadata["${key.slice(0, 80)}"]`
    if (typeof value !== 'string') throw wrong(name, value, 'give a string')
    const length = Math.max(key.length, value.length)
    if (length > MAX_METADATA_LENGTH)
      throw new HalterError(
        'ERR_SESSION_INPUT',
        `${name} has a key or value of ${length} characters; at most ${MAX_METADATA_LENGTH} characters are kept. Store it elsewhere, and its id here.`,
      )
  }
  return Object.freeze({ ...(metadata as Record<string, string>) })
}

/**
 * A change that can be stored: under the rules of a new session, and with nothing in it that an update does not have.
 * @throws HalterError `ERR_SESSION_INPUT`.
 */
export function checkUpdate(change: SessionUpdate): SessionUpdate {
  const { metadata, limits, workingDir } = change
  checkTitle(change.title)
  return {
    ...pick(change, ['title', 'model', 'models', 'effort']),
    ...(metadata && { metadata: checkMetadata(metadata) }),
    ...(workingDir !== undefined && { workingDir: resolve(workingDir) }),
    ...(limits && { limits: checkLimits(limits) }),
  }
}

/** @throws HalterError `ERR_SESSION_INPUT` for a limit that is no number of 0 or more. */
export function checkLimits(limits: Limits): Limits {
  for (const [name, value] of Object.entries(limits) as [keyof Limits, unknown][])
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw wrong(`limits.${name}`, value, 'give a number of 0 or more')
  return storableLimits(limits)
}

/** Limits that are what they were after JSON, which has no infinity. */
export function storableLimits(limits: Limits): Limits {
  const given = Object.entries(limits) as [keyof Limits, number | undefined][]
  return Object.fromEntries(
    given.flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Math.min(value, Number.MAX_SAFE_INTEGER)]],
    ),
  )
}

/** @throws HalterError `ERR_SESSION_INPUT` for a title that is no string. */
function checkTitle(title: unknown): void {
  if (title !== undefined && typeof title !== 'string') throw wrong('title', title, 'give a string')
}

function wrong(key: string, value: unknown, cure: string): HalterError {
  const shown = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value)
  return new HalterError('ERR_SESSION_INPUT', `${key} is ${shown.slice(0, 80)}; ${cure}.`)
}

function limitsOf(init: SessionInit, options: RuntimeOptions): Limits {
  return checkLimits({
    ...options.limits,
    ...(init.maxTurns !== undefined && { steps: init.maxTurns }),
    ...init.limits,
  })
}

function seedSegment(text: string): PromptSegment {
  return { id: 'seed', text, stability: 'session' }
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(
    keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]),
  ) as Partial<Pick<T, K>>
}
