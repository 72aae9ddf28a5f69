/** Whether something that goes by several names is meant. */
export interface Matcher {
  test(names: readonly string[]): boolean
  /** Why the text is no pattern. It then matches everything: a guard that runs too often guards, one that never runs does not. */
  readonly problem?: string
}

/** How a matcher's plain text is split into names. */
export type NameList = 'tools' | 'files'

/** Matches everything. */
export const MATCH_ALL: Matcher = Object.freeze({ test: () => true })

// Claude Code's hooks reference: text of these characters alone is a name or a list of names; everything else is a regular expression.
const PLAIN: Readonly<Record<NameList, { readonly text: RegExp; readonly separator: RegExp }>> = {
  tools: { text: /^[\w\-\s,|]+$/, separator: /[,|]/ },
  files: { text: /^[^*?[\](){}+^$\\]+$/, separator: /\|/ },
}

/**
 * Reads a matcher: blank and `*` match everything, `Edit|Write` these names, anything else is a regular expression that need not
 * cover the whole name. Expressions are RE2's: they take linear time, and have no lookaround.
 */
export async function compileMatcher(text: string | undefined, list: NameList = 'tools'): Promise<Matcher> {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '' || trimmed === '*') return MATCH_ALL
  const plain = PLAIN[list]
  if (plain.text.test(trimmed)) {
    const wanted = trimmed
      .split(plain.separator)
      .map((name) => name.trim())
      .filter(Boolean)
    return { test: (names) => names.some((name) => wanted.includes(name)) }
  }
  const compiled = await compilePattern(trimmed)
  if (compiled.problem !== undefined) return { ...MATCH_ALL, problem: compiled.problem }
  return { test: (names) => names.some(compiled.test) }
}

/** A regular expression that takes linear time, or why it is none. */
export type CompiledPattern =
  | { readonly test: (text: string) => boolean; readonly problem?: undefined }
  | { readonly problem: string }

/** Compiles a regular expression; it may match anywhere. */
export async function compilePattern(
  pattern: string,
  { ignoreCase = false }: { readonly ignoreCase?: boolean } = {},
): Promise<CompiledPattern> {
  // 20 ms to load: most hook files have no regular expression.
  const { RE2JS } = await import('re2js')
  try {
    const flags = RE2JS.DOTALL | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
    const regex = RE2JS.compile(RE2JS.translateRegExp(pattern), flags)
    return { test: (text) => regex.matcher(text).find() }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}
