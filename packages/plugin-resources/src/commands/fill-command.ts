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
/**
 * Where quoting does not help, or a reader of single characters cannot tell what is quoted: substitutions, here-documents, comments,
 * arithmetic and subscripts (which bash evaluates), a `$` before the place, and what takes its words for commands or names.
 */
const HARD = new RegExp(
  [
    /`|\$[({['"$]|<<|\(\(|\[\[|\w\[/,
    /(?:^|[\s;&|(])(?:#|\.\s)/,
    /(?:^|[\s;&|({!])(?:eval|let|declare|typeset|local|export|readonly|source|unset|read|trap|alias)\b/,
    /\s-[cv]\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
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
