/** A file that the tool `read` has shown. */
export interface SeenFile {
  readonly path: string
  /** As the tool returned it: numbered lines, and notes in square brackets. */
  readonly text: string
}

const NOTE = /^\[.*\]$/
const TEXT_FILE = /\.(md|txt|rst|json|ya?ml|toml|ts|js|mjs|py|rs|go|java|rb|c|h|sh|css|html)$/i

/** The paths in a result of `glob`: one per line, without the notes around them. */
export function listedFiles(listing: string): readonly string[] {
  return listing.split('\n').filter((line) => line !== '' && !NOTE.test(line) && !line.endsWith('/'))
}

/** "are 12 files", by the total that the tool states, or else by its lines. */
export function countFiles(listing: string): string {
  const stated = /^\[(\d+) files? fit/m.exec(listing)?.[1]
  const count = stated === undefined ? listedFiles(listing).length : Number(stated)
  if (count === 0) return 'are no files'
  return count === 1 ? 'is 1 file' : `are ${count} files`
}

/** The file that says the most of a folder: its README, then its package.json, then the first text file by name. */
export function chooseFile(paths: readonly string[]): string | undefined {
  const sorted = [...paths].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return (
    sorted.find((path) => /^readme(\.(md|txt|rst))?$/i.test(nameOf(path))) ??
    sorted.find((path) => nameOf(path) === 'package.json') ??
    sorted.find((path) => TEXT_FILE.test(path))
  )
}

/** A sentence with what a file says of itself: its first heading, its name, or its first line. */
export function describeFile({ path, text }: SeenFile): string {
  const lines = text
    .split('\n')
    .filter((line) => !NOTE.test(line))
    .map((line) => line.replace(/^\s*\d+(\t|→|: )/, ''))
  const total = Number(/\[Lines \d+-\d+ of (\d+)/.exec(text)?.[1] ?? lines.length)
  const length = total === 1 ? '1 line' : `${total} lines`
  const telling = path.endsWith('.json')
    ? (nameInJson(lines) ?? firstLine(lines))
    : (heading(path, lines) ?? firstLine(lines))
  return telling === undefined ? `${path} is empty.` : `${path} has ${length} and ${telling}.`
}

function nameInJson(lines: readonly string[]): string | undefined {
  const name = /^\s*"name":\s*"([^"]+)"/m.exec(lines.join('\n'))?.[1]
  return name === undefined ? undefined : `is named “${name}”`
}

function heading(path: string, lines: readonly string[]): string | undefined {
  const line = /\.(md|rst|txt)$/i.test(path) ? lines.find((each) => /^#+ /.test(each)) : undefined
  return line === undefined ? undefined : saying(line)
}

/** The first with a letter or a digit in it. */
function firstLine(lines: readonly string[]): string | undefined {
  const line = lines.find((each) => /[\p{L}\p{N}]/u.test(each))
  return line === undefined ? undefined : saying(line)
}

function saying(line: string): string {
  const text = line.trim()
  return `says “${text.length > 100 ? `${text.slice(0, 99)}…` : text}”`
}

function nameOf(path: string): string {
  return path.slice(path.search(/[^/\\]*$/))
}

/** Files further up come first, hidden ones last. */
function rank(path: string): number {
  return path.split(/[/\\]/).length + (nameOf(path).startsWith('.') ? 1000 : 0)
}
