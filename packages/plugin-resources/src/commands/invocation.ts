import type { PromptDraft } from '@halter/core'

/** A prompt that calls something by its name. */
export interface Invocation {
  /** Without the slash. */
  readonly name: string
  /** What stands behind the name, without the space around it. */
  readonly args: string
}

/** Letters, digits, `_`, `.`, `-`; `:` between a plugin or folder and a name. */
const CALL = /^\/([\p{L}\p{N}_][\p{L}\p{M}\p{N}_.:-]*)(?:\s+([\s\S]*))?$/u

/**
 * Reads `/name args`. Undefined for everything else: text before the slash (a space is enough), a path such as `/usr/bin`, `//`,
 * `/*`. Whether there is something of that name is another question.
 */
export function parseInvocation(text: string): Invocation | undefined {
  const match = CALL.exec(text)
  return match ? { name: match[1]!, args: (match[2] ?? '').trim() } : undefined
}

/** The call that a prompt begins with, and which of its parts that is: the first text. Pictures may come before it. */
export function findInvocation({
  parts,
}: Pick<PromptDraft, 'parts'>): { readonly invocation: Invocation; readonly index: number } | undefined {
  const index = parts.findIndex(({ kind }) => kind === 'text')
  const first = parts[index]
  const invocation = first?.kind === 'text' ? parseInvocation(first.text) : undefined
  return invocation && { invocation, index }
}

/**
 * Splits arguments at white space, as a shell does, but nothing is expanded: `"` and `'` hold words together where they begin one,
 * and a backslash takes the next character as it is, but not inside `'`. Quotes that do not close are letters: `don't` is a word.
 */
export function splitArguments(args: string): readonly string[] {
  const words: string[] = []
  for (let at = 0; at < args.length;) {
    if (/\s/.test(args[at]!)) at += 1
    else {
      const word = readWord(args, at)
      words.push(word.text)
      at = word.end
    }
  }
  return words
}

interface Word {
  readonly text: string
  readonly end: number
}

function readWord(args: string, start: number): Word {
  let text = ''
  let at = start
  const first = args[at]!
  const quoted = first === '"' || first === "'" ? readQuoted(args, at) : undefined
  if (quoted) ({ text, end: at } = quoted)
  while (at < args.length && !/\s/.test(args[at]!)) {
    if (args[at] === '\\' && at + 1 < args.length) at += 1
    text += args[at]!
    at += 1
  }
  return { text, end: at }
}

/** What stands in quotes; undefined where they do not close, or where a word goes on behind them. */
function readQuoted(args: string, start: number): Word | undefined {
  const quote = args[start]!
  let text = ''
  for (let at = start + 1; at < args.length; at += 1) {
    if (args[at] === quote)
      return at + 1 === args.length || /\s/.test(args[at + 1]!) ? { text, end: at + 1 } : undefined
    if (quote === '"' && args[at] === '\\' && (args[at + 1] === '"' || args[at + 1] === '\\')) at += 1
    text += args[at]!
  }
  return undefined
}
