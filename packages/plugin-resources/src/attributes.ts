import type { MarkdownDocument } from './front-matter.ts'
import type { Problems } from './problem.ts'

/** Front matter by key, in the types that skills, agents and commands need; what has another type is a warning. */
export class Attributes {
  readonly #document: MarkdownDocument
  readonly #problems: Problems

  constructor(document: MarkdownDocument, problems: Problems) {
    this.#document = document
    this.#problems = problems
  }

  has(key: string): boolean {
    return this.#value(key) !== undefined
  }

  line(key: string): number | undefined {
    return this.#document.lines[key]
  }

  keys(): readonly string[] {
    return Object.keys(this.#document.attributes)
  }

  /** Text without blanks around it; undefined when there is none. Numbers and the like are text: a name may be `2026`. */
  text(key: string): string | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      return this.#wrong(key, 'text', 'Write it as text, in quotes.')
    const text = String(value).trim()
    return text === '' ? undefined : text
  }

  /** A list, as YAML has them or in one line, where blanks and commas part it. `Bash(git add:*)` is one entry. */
  list(key: string): readonly string[] | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    if (typeof value === 'string') return splitList(value)
    if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
      return value.map((each) => each.trim()).filter((each) => each !== '')
    return this.#wrong(key, 'a list of texts', 'Write [a, b], or a line for each.')
  }

  /** Yes or no, in the spellings that are in use. */
  flag(key: string): boolean | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    const word = typeof value === 'string' ? value.toLowerCase() : JSON.stringify(value)
    if (['true', 'yes', 'on', '1'].includes(word)) return true
    if (['false', 'no', 'off', '0'].includes(word)) return false
    return this.#wrong(key, 'true or false', 'Write true or false.')
  }

  /** As YAML has it. */
  raw(key: string): unknown {
    return this.#value(key)
  }

  #value(key: string): unknown {
    const { attributes } = this.#document
    const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined
    return value === null ? undefined : value
  }

  #wrong(key: string, what: string, cure: string): undefined {
    this.#problems.warning(`"${key}" is not ${what}, and is not used.`, cure, this.line(key))
    return undefined
  }
}

/** The entries of a list in one line; what is in brackets stays together. */
export function splitList(text: string): readonly string[] {
  const inner = /^\[.*\]$/.test(text.trim()) ? text.trim().slice(1, -1) : text
  return [...inner.matchAll(/(?:[^\s,()]|\([^)]*\))+/g)].map(([entry]) => entry)
}
