/** What a place stands for: all arguments, one of them (from 0), or what is known of the session. */
export type Which = 'all' | number | 'session' | 'project'

/** Text, or a place in it that a call fills. */
export type Fragment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'argument'; readonly which: Which; readonly written: string }

/** A piece of a command's body. */
export type Piece =
  | Fragment
  /** A command for the shell, whose output stands here. */
  | { readonly kind: 'shell'; readonly command: readonly Fragment[]; readonly written: string }
  /** A file that is to be shown; `written` stays in the text. */
  | { readonly kind: 'file'; readonly path: readonly Fragment[]; readonly written: readonly Fragment[] }

/** A command's body, read. */
export interface Template {
  readonly pieces: readonly Piece[]
  /** False: arguments have no place in it, so they are put behind it. */
  readonly takesArguments: boolean
}

const ARGUMENT =
  /\$(?:ARGUMENTS\[(\d{1,3})\]|(ARGUMENTS)(?![A-Za-z0-9_])|(\d{1,2})(?!\d)|\{CLAUDE_(SESSION_ID|PROJECT_DIR)\})/y
const BLOCK = /```![^\S\n]*\n(?:([\s\S]*?)\n)?[^\S\n]*```[^\S\n]*(?=\n|$)/y
const BLOCK_END = /^[^\S\n]*```[^\S\n]*$/gm
const INLINE = /!`([^`\n]+)`/y
const FILE = /@(?:"([^"\n]+)"|((?:\$ARGUMENTS\[\d+\]|[^\s"'`<>|;,()[\]{}])+))/y
/** What a backslash takes the meaning from. */
const ESCAPED = /\\(```!|!`|@|\$(?:ARGUMENTS|\d+|\{CLAUDE_[A-Z_]+\}))/y
/** Where anything but text can begin. */
const SPECIAL = /[\\$`!@]/g

/**
 * Reads the body of a command or skill, once: what is filled in later is never read again, so no argument, no output and no file can
 * bring in another placeholder.
 *
 * `${CLAUDE_SESSION_ID}` and `${CLAUDE_PROJECT_DIR}` are the session and where it works. `$ARGUMENTS` is all arguments as typed, `$ARGUMENTS[0]` the first one. `$1` is the first one too, unless the body says `$0`
 * anywhere: then `$0` is. `` !`git status` `` and blocks that begin with ```` ```! ```` are commands, where no word ends before the
 * `!`; `@path` and `@"a path"` are files, at the start of a word. A backslash before any of them leaves it as it is.
 */
export function parseTemplate(body: string): Template {
  const rules: Rules = {
    base: /(?<!\\)\$0(?!\d)/.test(body) ? 0 : 1,
    lastBlockEnd: Array.from(body.matchAll(BLOCK_END)).at(-1)?.index ?? -1,
  }
  const pieces: Piece[] = []
  const put = (piece: Piece): void => {
    const last = pieces.at(-1)
    if (piece.kind === 'text' && last?.kind === 'text')
      pieces[pieces.length - 1] = joined(last.text, piece.text)
    else pieces.push(piece)
  }
  const special = new RegExp(SPECIAL)
  for (let at = 0; at < body.length;) {
    special.lastIndex = at
    const next = special.exec(body)?.index ?? body.length
    if (next > at) put({ kind: 'text', text: body.slice(at, next) })
    if (next === body.length) break
    const found = readPiece(body, next, rules)
    put(found?.piece ?? { kind: 'text', text: body[next]! })
    at = found?.end ?? next + 1
  }
  return { pieces, takesArguments: pieces.some(hasArgument) }
}

/** What is known of a body before it is read. */
interface Rules {
  /** Of `$1`, `$2`, …: the number of the first argument. */
  readonly base: number
  /** Behind it no block can end, so none is looked for. */
  readonly lastBlockEnd: number
}

interface Found {
  readonly piece: Piece
  readonly end: number
}

function readPiece(body: string, at: number, { base, lastBlockEnd }: Rules): Found | undefined {
  const before = body[at - 1]
  switch (body[at]) {
    case '\\': {
      const escaped = match(ESCAPED, body, at)
      return escaped && { piece: { kind: 'text', text: escaped[1]! }, end: at + escaped[0].length }
    }
    case '$':
      return readArgument(body, at, base)
    case '`': {
      if (at >= lastBlockEnd || (before !== undefined && before !== '\n')) return undefined
      const block = match(BLOCK, body, at)
      return block && shellPiece(block[0], block[1] ?? '', at, base)
    }
    case '!': {
      if (before !== undefined && /[\w`\\]/.test(before)) return undefined
      const inline = match(INLINE, body, at)
      return inline && shellPiece(inline[0], inline[1]!, at, base)
    }
    case '@': {
      if (before !== undefined && !/[\s([{"']/.test(before)) return undefined
      const file = match(FILE, body, at)
      return file && filePiece(file, at, base)
    }
    default:
      return undefined
  }
}

function readArgument(text: string, at: number, base: number): Found | undefined {
  const found = match(ARGUMENT, text, at)
  if (!found) return undefined
  const which = whichOf(found, base)
  return { piece: { kind: 'argument', which, written: found[0] }, end: at + found[0].length }
}

function whichOf([, indexed, all, counted, known]: RegExpExecArray, base: number): Which {
  if (all !== undefined) return 'all'
  if (indexed !== undefined) return Number(indexed)
  // `$0` where `$1` is the first one cannot be: the base is 0 then.
  if (counted !== undefined) return Number(counted) - base
  return known === 'SESSION_ID' ? 'session' : 'project'
}

function shellPiece(written: string, command: string, at: number, base: number): Found {
  return {
    piece: { kind: 'shell', command: fragmentsOf(command, base), written },
    end: at + written.length,
  }
}

/** What ends a sentence ends a path, too. */
function filePiece([written, quoted, bare]: RegExpExecArray, at: number, base: number): Found | undefined {
  if (quoted !== undefined) {
    const fragments = fragmentsOf(quoted, base)
    const shown: Fragment[] = [{ kind: 'text', text: '@"' }, ...fragments, { kind: 'text', text: '"' }]
    return { piece: { kind: 'file', path: fragments, written: shown }, end: at + written.length }
  }
  const path = bare!.replace(/[.:!?*_]+$/, '')
  if (path === '') return undefined
  const fragments = fragmentsOf(path, base)
  const shown: Fragment[] = [{ kind: 'text', text: '@' }, ...fragments]
  return { piece: { kind: 'file', path: fragments, written: shown }, end: at + 1 + path.length }
}

/** Text with places for arguments, in a command or a path. */
function fragmentsOf(text: string, base: number): readonly Fragment[] {
  const fragments: Fragment[] = []
  let plain = ''
  for (let at = 0; at < text.length;) {
    const isEscaped = text[at] === '\\' && match(ARGUMENT, text, at + 1) !== undefined
    const found = isEscaped ? undefined : readArgument(text, at, base)
    if (found) {
      if (plain !== '') fragments.push({ kind: 'text', text: plain })
      fragments.push(found.piece as Fragment)
      plain = ''
      at = found.end
    } else if (isEscaped) {
      plain += text[at + 1]!
      at += 2
    } else {
      plain += text[at]!
      at += 1
    }
  }
  if (plain !== '') fragments.push({ kind: 'text', text: plain })
  return fragments
}

function hasArgument(piece: Piece): boolean {
  if (piece.kind === 'argument') return piece.which === 'all' || typeof piece.which === 'number'
  if (piece.kind === 'text') return false
  return (piece.kind === 'shell' ? piece.command : piece.path).some(hasArgument)
}

function joined(before: string, after: string): Piece {
  return { kind: 'text', text: before + after }
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  // A copy: the patterns of a module keep no state between calls.
  const sticky = new RegExp(pattern)
  sticky.lastIndex = at
  return sticky.exec(text) ?? undefined
}
