import { z } from 'zod'
import type { Json } from '../messages.ts'
import type { Usage } from '../usage.ts'

/** What JSON Schema says of a schema beyond its shape; `id` makes it a definition of its own. */
export const described = z.registry<{ readonly id?: string } & Readonly<Record<string, unknown>>>()

/** Levels of arrays and objects that a JSON value may have. Far beyond any tool's input, and far below what exhausts a stack. */
const MAX_DEPTH = 500

/** An id of any kind: every string is one. */
export function id<T extends string>(): z.ZodType<T, T> {
  return z.string() as unknown as z.ZodType<T, T>
}

/** A string of which some values are known, and others allowed. */
export function openString<T extends string>(): z.ZodType<T, T> {
  return z.string() as unknown as z.ZodType<T, T>
}

/** Not negative, whole and exact. */
export const count = z.int().min(0)
/** Milliseconds since the epoch. */
export const timestamp = z.int()
/** `seq` of an event. */
export const seq = z.int().min(1)
/** A duration or an amount of money. */
export const amount = z.number().min(0)

// Not z.json() and not z.record(): both leave out a key named `__proto__`, which a tool's input or a metadata key may be.
/** Any JSON value; checked, never copied. */
export const json = z.custom<Json>((value) => isJson(value, 0), 'Invalid input: expected JSON')
/** At most 16 pairs of strings. */
export const metadata = z
  .custom<Readonly<Record<string, string>>>(isMetadata, 'Invalid input: expected at most 16 pairs of strings')
  .register(described, { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 16 })

/** Bytes, as base64 without a `data:` prefix. */
export const base64 = z
  .string()
  .refine(isBase64, 'Invalid input: expected base64')
  .register(described, { contentEncoding: 'base64' })

export const usage = z
  .strictObject({
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: z.exactOptional(count),
    cacheWriteTokens: z.exactOptional(count),
    costUsd: z.exactOptional(amount),
  })
  .register(described, { id: 'Usage' }) satisfies z.ZodType<Usage>

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth === MAX_DEPTH) return false
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1))
  return isPlain(value) && Object.values(value).every((item) => isJson(item, depth + 1))
}

function isMetadata(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return false
  const values: unknown[] = Object.values(value)
  return values.length <= 16 && values.every((item) => typeof item === 'string')
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

// Not one pattern with a group: on megabytes that exhausts the stack of the expression engine.
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && !/[^A-Za-z0-9+/=]/.test(text) && !/=(?!=?$)/.test(text)
}
