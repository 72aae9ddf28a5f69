import { RE2JS } from 're2js'
import type { GrepRequest } from './search-request.ts'

/** A pattern that can be searched for, or why it is none. */
export type CompiledPattern =
  | { readonly pattern: RE2JS; /** Parentheses are text in it. */ readonly isLenient: boolean }
  | { readonly reason: string }

/**
 * Compiles a pattern by RE2: time grows with the text alone. Code is often searched for as it is written: `${` can fit nothing as a
 * pattern, so it is text; and where parentheses are not balanced (`foo(`), all of them are.
 */
export function compilePattern(request: GrepRequest): CompiledPattern {
  const wanted = escapeWhere(request.pattern, (rest) => /^\$\{(?!\d+(?:,\d*)?\})/.exec(rest)?.[0].length)
  const first = tryCompile(wanted, request)
  if (!('reason' in first) || !/missing closing \)|unexpected \)/.test(first.reason)) return first
  const lenient = tryCompile(
    escapeWhere(wanted, (rest) => (/^[()]/.test(rest) ? 1 : undefined)),
    request,
  )
  // What is wrong besides the parentheses is not the reader's problem first.
  return 'reason' in lenient ? first : { ...lenient, isLenient: true }
}

function tryCompile(pattern: string, { ignoreCase, multiline }: GrepRequest): CompiledPattern {
  const flags = (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (multiline ? RE2JS.MULTILINE | RE2JS.DOTALL : 0)
  try {
    return { pattern: RE2JS.compile(RE2JS.translateRegExp(pattern), flags), isLenient: false }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Escapes as many characters as `lengthOf` tells, wherever it does; what is escaped already, or in brackets, stays as it is. */
function escapeWhere(pattern: string, lengthOf: (rest: string) => number | undefined): string {
  let escaped = ''
  let isClass = false
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (character === '\\') {
      escaped += pattern.slice(at, at + 2)
      at++
      continue
    }
    const length = isClass ? undefined : lengthOf(pattern.slice(at))
    if (length !== undefined) {
      escaped += pattern.slice(at, at + length).replace(/./g, '\\$&')
      at += length - 1
      continue
    }
    if (character === '[') isClass = true
    else if (character === ']') isClass = false
    escaped += character
  }
  return escaped
}
