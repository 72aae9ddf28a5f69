import type { ResourceProblem } from './problem.ts'
import { Problems, lineAt } from './problem.ts'

/** A markdown file in its two parts. */
export interface MarkdownDocument {
  /** The front matter; empty when there is none. */
  readonly attributes: Readonly<Record<string, unknown>>
  /** The line, from 1, of each attribute. */
  readonly lines: Readonly<Record<string, number>>
  /** What follows the front matter, without blank lines around it. */
  readonly body: string
  readonly hasFrontMatter: boolean
  readonly problems: readonly ResourceProblem[]
}

/** More is no front matter. Characters. */
const MAX_FRONT_MATTER = 64 * 1024

/**
 * Splits a markdown file and reads its front matter as YAML 1.2. The YAML library is loaded when there is front matter to read, and
 * not before. Much that is in use is no YAML for the want of quotes (`description: Use this when: …`): they are put there. Where that does
 * not help, lines of `key: value` are taken as they are, with a warning.
 */
export async function parseMarkdown(file: string, source: string): Promise<MarkdownDocument> {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source
  const problems = new Problems(file)
  if (text.includes('\uFFFD'))
    problems.warning('It is not UTF-8, and some of its characters are lost.', 'Save it as UTF-8.')
  const parts = split(text, problems)
  if (parts.yaml === undefined)
    return { attributes: {}, lines: {}, body: text.trim(), hasFrontMatter: false, problems: problems.list }
  const { attributes, lines } = await parseYaml(parts.yaml, problems)
  return { attributes, lines, body: parts.body.trim(), hasFrontMatter: true, problems: problems.list }
}

function split(text: string, problems: Problems): { readonly yaml?: string; readonly body: string } {
  const opening = /^---[ \t]*\r?\n/.exec(text)
  if (!opening) return { body: text }
  const rest = text.slice(opening[0].length)
  const closing = /(?:^|\n)---[ \t]*(?:\r?\n|$)/.exec(rest)
  const end = closing?.index ?? rest.length
  if (!closing) problems.warning('Its front matter has no end.', 'Close it with a line that is only ---.', 1)
  if (end > MAX_FRONT_MATTER) {
    problems.warning('Its front matter is too long to be any.', 'Keep it to a few lines.', 1)
    return { body: text }
  }
  return {
    yaml: rest.slice(0, end + 1),
    body: closing ? rest.slice(end + closing[0].length) : '',
  }
}

type Parsed = Pick<MarkdownDocument, 'attributes' | 'lines'>

async function parseYaml(source: string, problems: Problems): Promise<Parsed> {
  const { parseDocument, isMap, isScalar } = await import('yaml')
  const parse = (yaml: string): ReturnType<typeof parseDocument> =>
    parseDocument(yaml, { logLevel: 'silent', prettyErrors: false, uniqueKeys: false })
  let text = source
  let document = parse(text)
  const [failure] = document.errors
  if (failure) {
    const line = lineAt(source, failure.pos[0]) + 1
    const message = `Its front matter is no YAML: ${failure.message}.`
    const cure = 'Put values with a colon, a # or a bracket into quotes.'
    text = withQuotes(source, (each) => parse(each).errors.length === 0)
    document = parse(text)
    if (document.errors.length > 0) {
      problems.warning(message, cure, line)
      return parseLines(source)
    }
    problems.note(message, cure, line)
  }
  if (!isMap(document.contents)) {
    if (document.contents !== null)
      problems.warning('Its front matter has no keys.', 'Write lines of key: value.', 2)
    return { attributes: {}, lines: {} }
  }
  const lines: Record<string, number> = {}
  for (const { key } of document.contents.items)
    if (isScalar(key) && key.range) lines[String(key.value)] = lineAt(text, key.range[0]) + 1
  try {
    // The limit on aliases is the library's: a few lines must not become gigabytes.
    return { attributes: { ...(document.toJS({ maxAliasCount: 100 }) as Parsed['attributes']) }, lines }
  } catch (error) {
    problems.warning(`Its front matter cannot be read: ${String(error)}.`, 'Write it without anchors.', 2)
    return { attributes: {}, lines: {} }
  }
}

/** Puts values into quotes that only lack those: `argument-hint: [file] [line]`, `description: Use this when: …`. */
function withQuotes(source: string, isYaml: (text: string) => boolean): string {
  return source
    .split('\n')
    .map((line) => {
      const pair = /^([A-Za-z][\w-]*:[ \t]+)(\S.*?)\s*$/.exec(line)
      return pair && !isYaml(line) ? `${pair[1]}${JSON.stringify(pair[2])}` : line
    })
    .join('\n')
}

/** What the reference and many authors took front matter for: a key, a colon, the rest of the line. */
function parseLines(source: string): Parsed {
  const attributes: Record<string, string> = {}
  const lines: Record<string, number> = {}
  for (const [index, line] of source.split('\n').entries()) {
    const pair = /^([A-Za-z][\w-]*):[ \t]*(.*?)\s*$/.exec(line)
    if (!pair) continue
    attributes[pair[1]!] = unquoted(pair[2]!)
    lines[pair[1]!] = index + 2
  }
  return { attributes, lines }
}

function unquoted(value: string): string {
  return /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value
}
