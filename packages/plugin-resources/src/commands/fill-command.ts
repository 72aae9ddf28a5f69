import type { Fragment, Which } from './template.ts'

/** What a user wrote behind the name of a command, and what is known of the session. */
export interface Arguments {
  /** As typed. */
  readonly all: string
  readonly words: readonly string[]
  /** The session's id. */
  readonly session: string
  /** Where it works, absolute. */
  readonly project: string
}

/** What one place stands for; undefined: that argument was not given. */
export function valueOf(which: Which, given: Arguments): string | undefined {
  return typeof which === 'number' ? given.words[which] : given[which]
}

/** A command with its arguments in it; or why one cannot be put there. */
export type FilledCommand =
  | { readonly command: string; readonly problem?: undefined }
  | { readonly command?: undefined; readonly problem: string }

/** Means itself to a shell, wherever it stands. */
const PLAIN = /^[A-Za-z0-9_./:@%+,=-]+$/
/** Programs and builtins that take words for commands, code, names of variables or arithmetic. */
const EVALUATES = [
  'eval|let|declare|typeset|local|export|readonly|source|unset|read|trap|alias|coproc',
  'compgen|complete|mapfile|readarray|bind|env|xargs|parallel|watch|ssh|su',
  '(?:ba|da|z|k|a|c|tc|fi)?sh|[gm]?awk|sed|perl|ruby|php|lua|node|deno|bun|osascript|python[0-9.]*',
].join('|')
/**
 * Where quoting does not help, or a reader of single characters cannot tell what is quoted: substitutions, here-documents, comments,
 * arithmetic and subscripts (which bash evaluates), a `$` before the place, variables of the shell's own (`PS4`, `RANDOM`), and what
 * {@link EVALUATES}.
 */
const HARD = new RegExp(
  [
    /`|\$[({['"$]|<<|\(\(|\[\[|\w\[/.source,
    /(?:^|[\s;&|(])(?:#|\.\s)/.source,
    /(?:^|[\s;&|({!])[A-Z_][A-Z0-9_]*\+?=/.source,
    /(?:\btest|\[|\bprintf)\s(?:[^\n;|&]*\s)?-[vR]\b/.source,
    `(?:^|[\\s;&|({!/\\\\])(?:${EVALUATES})(?=$|[\\s;&|)])`,
  ].join('|'),
  'm',
)

/**
 * Puts arguments into a command so that each stays one word and nothing in it is run: quoted for the place where it stands,
 * unquoted, in `"` or in `'`. Unquoted, `$ARGUMENTS` is all words, each by itself. In a command with substitutions, here-documents
 * and the like only plain words can be put. One that was not given stays as it is written: to the shell that is nothing.
 */
export function fillCommand(fragments: readonly Fragment[], given: Arguments): FilledCommand {
  const isHard = HARD.test(fragments.map((each) => (each.kind === 'text' ? each.text : '$x')).join(''))
  const place = new Place()
  let command = ''
  for (const fragment of fragments) {
    if (fragment.kind === 'text') {
      place.pass(fragment.text)
      command += fragment.text
      continue
    }
    const words = wordsOf(fragment.which, given)
    if (words === undefined) {
      command += fragment.written
      continue
    }
    const wrong = words.find((word) => word.includes('\0') || (isHard && !PLAIN.test(word)))
    if (wrong !== undefined) {
      const text = fragments.map((each) => (each.kind === 'text' ? each.text : each.written)).join('')
      return {
        problem: `${JSON.stringify(wrong)} cannot be put safely into the command ${JSON.stringify(text)}`,
      }
    }
    const isWhole = place.quote === undefined
    command += isWhole
      ? words.map(quoted).join(' ')
      : place.inside(fragment.which === 'all' && !isHard ? given.all : words.join(' '))
  }
  return { command }
}

/** The words that a place stands for; undefined: they were not given. */
function wordsOf(which: Which, given: Arguments): readonly string[] | undefined {
  if (which === 'all') return given.words
  const word = valueOf(which, given)
  return word === undefined ? undefined : [word]
}

function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Where in a command a reader is: which quote is open. */
class Place {
  quote: '"' | "'" | undefined
  #isEscaped = false

  pass(text: string): void {
    for (const letter of text) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (letter === '\\' && this.quote !== "'") this.#isEscaped = true
      else if (letter === this.quote) this.quote = undefined
      else if (this.quote === undefined && (letter === '"' || letter === "'")) this.quote = letter
    }
  }

  /** A word as it is written inside the quote that is open. */
  inside(word: string): string {
    return this.quote === "'" ? word.replaceAll("'", "'\\''") : word.replace(/[\\"$`]/g, '\\$&')
  }
}
