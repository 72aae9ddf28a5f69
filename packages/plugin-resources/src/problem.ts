/** What is wrong with a file of resources, for the person who wrote it. */
export interface ResourceProblem {
  /** Absolute; empty when it is about none in particular. */
  readonly file: string
  /** From 1, where it is known. */
  readonly line?: number
  /**
   * `error`: what the file declares is not used. `warning`: it is used, but not as written. `note`: it works here, and only
   * `resources validate` says what is unusual.
   */
  readonly severity: 'error' | 'warning' | 'note'
  /** What is wrong, as a sentence. */
  readonly message: string
  /** What to do about it, as a sentence. */
  readonly cure: string
}

/** What is said of a folder in which not everything was looked at. */
export const TOO_LARGE = {
  message: 'It holds too many folders, and not all of them were looked at.',
  cure: 'Name a folder with skills or plugins in it, and little else.',
}

/** One line for a log: where, what, and what to do. */
export function describeProblem({ file, line, message, cure }: ResourceProblem): string {
  const place = file === '' ? '' : `${file}${line === undefined ? '' : `:${line}`}: `
  return `${place}${message} ${cure}`.trim()
}

/** Gathers what is wrong with one file. */
export class Problems {
  readonly list: ResourceProblem[] = []
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  error(message: string, cure: string, line?: number): void {
    this.#add('error', message, cure, line)
  }

  warning(message: string, cure: string, line?: number): void {
    this.#add('warning', message, cure, line)
  }

  note(message: string, cure: string, line?: number): void {
    this.#add('note', message, cure, line)
  }

  #add(severity: ResourceProblem['severity'], message: string, cure: string, line: number | undefined): void {
    this.list.push({ file: this.#file, ...(line !== undefined && { line }), severity, message, cure })
  }
}

/** The line, from 1, in which `part` first occurs; undefined when it does not. */
export function lineOf(text: string, part: string): number | undefined {
  const at = text.indexOf(part)
  return at === -1 ? undefined : lineAt(text, at)
}

/** The line, from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}
