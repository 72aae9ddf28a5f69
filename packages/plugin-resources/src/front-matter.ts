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
 * not before. Much that is in use is no YAML for the want of quotes (`description: Use this when: …`): where YAML fails, lines of
 * `key: value` are taken as they are, with a warning.
 */
export async function parseMarkdown(file: string, source: string): Promise<MarkdownDocument> {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source
  const problems = new Problems(file)
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
  if (!closing) {
    problems.warning('Its front matter has no end.', 'Close it with a line that is only ---.', 1)
    return { body: text }
  }
  if (closing.index > MAX_FRONT_MATTER) {
    problems.warning('Its front matter is too long to be any.', 'Keep it to a few lines.', 1)
    return { body: text }
  }
  return { yaml: rest.slice(0, closing.index + 1), body: rest.slice(closing.index + closing[0].length) }
}

type Parsed = Pick<MarkdownDocument, 'attributes' | 'lines'>

async function parseYaml(source: string, problems: Problems): Promise<Parsed> {
  const { parseDocument, isMap, isScalar } = await import('yaml')
  const document = parseDocument(source, { logLevel: 'silent', prettyErrors: false, uniqueKeys: false })
  const [failure] = document.errors
  if (failure) {
    const line = lineAt(source, failure.pos[0]) + 1
    problems.warning(
      `Its front matter is no YAML: ${failure.message}`,
      'Put values with a colon, a # or a bracket into quotes.',
      line,
    )
    return parseLines(source)
  }
  if (!isMap(document.contents)) {
    if (document.contents !== null)
      problems.warning('Its front matter has no keys.', 'Write lines of key: value.', 2)
    return { attributes: {}, lines: {} }
  }
  const lines: Record<string, number> = {}
  for (const { key } of document.contents.items)
    if (isScalar(key) && key.range) lines[String(key.value)] = lineAt(source, key.range[0]) + 1
  try {
    // The limit on aliases is the library's: a few lines must not become gigabytes.
    return { attributes: { ...(document.toJS({ maxAliasCount: 100 }) as Parsed['attributes']) }, lines }
  } catch (error) {
    problems.warning(`Its front matter cannot be read: ${String(error)}.`, 'Write it without anchors.', 2)
    return { attributes: {}, lines: {} }
  }
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
