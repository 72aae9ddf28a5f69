import type { Json } from '@halter/protocol'

/** An object of JSON. */
export type JsonObject = { readonly [key: string]: Json }

/** True for an object; not for null or an array. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
