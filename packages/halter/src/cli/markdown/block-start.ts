/** What a line is, by how it begins. */
export type BlockStart =
  | { readonly kind: 'blank' }
  | { readonly kind: 'rule' }
  | { readonly kind: 'fence'; readonly mark: string; readonly info: string }
  /** May be a row of a table: the whole line tells. */
  | { readonly kind: 'row' }
  | {
      readonly kind: 'heading' | 'item' | 'text'
      /** Columns before it. */
      readonly indent: number
      /** `>` marks around it. */
      readonly quotes: number
      /** Of a heading, `##`; of an item, `-` or `1.`. */
      readonly mark: string
      /** What has come behind all of that. */
      readonly rest: string
    }

/** So much of a line says what it is; a longer beginning of nothing but marks or spaces is text. */
const HEAD = 300

/**
 * What a line is that begins with `line`; undefined while that depends on what comes next. `isWhole`: nothing does.
 */
export function blockStart(line: string, isWhole: boolean): BlockStart | undefined {
  if (line.length < HEAD) return startOf(line, isWhole)
  const head = line.slice(0, HEAD)
  const start = startOf(head, false) ?? { kind: 'text', indent: 0, quotes: 0, mark: '', rest: head }
  return 'rest' in start ? { ...start, rest: start.rest + line.slice(HEAD) } : start
}

function startOf(line: string, isWhole: boolean): BlockStart | undefined {
  const [, prefix = '', quoted = ''] = /^((?: {0,3}> ?)*)( *)/.exec(line)!
  const at = prefix.length + quoted.length
  const rest = line.slice(at)
  const quotes = prefix.split('>').length - 1
  if (rest === '') {
    if (!isWhole) return undefined
    return quotes === 0 ? { kind: 'blank' } : { kind: 'text', indent: 0, quotes, mark: '', rest }
  }
  const place = { indent: quoted.length, quotes }
  const first = rest[0]!
  if (first === '|' && quotes === 0) return { kind: 'row' }
  if ((first === '`' || first === '~') && quotes === 0) {
    const fence = fenceStart(rest, isWhole)
    if (fence !== 'text') return fence
  }
  if (/[-*_+]/.test(first) && /^(?:[-*_+] *)+$/.test(rest)) {
    if (!isWhole) return undefined
    if (quotes === 0 && /^(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/.test(rest)) return { kind: 'rule' }
  }
  const [, mark = '', behind = ''] = /^(#{1,6}|[-*+]|\d{1,9}[.)])( +|$)/.exec(rest) ?? []
  const content = rest.slice(mark.length + behind.length)
  if (mark !== '' && (content !== '' || isWhole))
    return { kind: mark.startsWith('#') ? 'heading' : 'item', ...place, mark, rest: content }
  if (!isWhole && (mark !== '' || /^\d{1,9}$/.test(rest))) return undefined
  return { kind: 'text', ...place, mark: '', rest }
}

function fenceStart(rest: string, isWhole: boolean): BlockStart | undefined | 'text' {
  const [, mark = '', info = ''] = /^(`+|~+)(.*)$/s.exec(rest)!
  if (mark.length < 3) return info === '' && !isWhole ? undefined : 'text'
  if (mark.startsWith('`') && info.includes('`')) return 'text'
  return isWhole ? { kind: 'fence', mark, info: info.trim() } : undefined
}

/** True for the line that ends a block of code which `mark` began. */
export function endsFence(line: string, mark: string): boolean {
  const text = line.trim()
  return text.length >= mark.length && text === mark[0]!.repeat(text.length)
}
