/** What placeholders stand for; an absent path leaves its placeholder as it is. */
export interface PlaceholderPaths {
  readonly pluginRoot?: string
  readonly pluginData?: string
  readonly projectDir: string
}

/**
 * Whether the text is a word of its own, or a program for a shell. Into a program only a path goes that no shell could read as more
 * than a path: any other stays a variable, which the shell expands from its environment without reading it as code.
 */
export type PlaceholderPlace = 'word' | 'bash' | 'pwsh'

const PLACEHOLDER =
  /\$\{(CLAUDE_PLUGIN_ROOT|PLUGIN_ROOT|CLAUDE_PLUGIN_DATA|PLUGIN_DATA|CLAUDE_PROJECT_DIR)\}/g
const PLAIN_PATH = /^[\p{L}\p{N}_./:@%+,=~ \\-]+$/u

/** Puts paths in the place of `${CLAUDE_PLUGIN_ROOT}` and its kin. Names that are not among them stay as they are. */
export function fillPlaceholders(text: string, paths: PlaceholderPaths, place: PlaceholderPlace): string {
  return text.replace(PLACEHOLDER, (placeholder, name: string) => {
    const path = pathOf(name, paths)
    if (path === undefined) return placeholder
    if (place === 'word' || isPlain(path)) return path
    return place === 'pwsh' ? `\${env:${name}}` : placeholder
  })
}

function pathOf(name: string, { pluginRoot, pluginData, projectDir }: PlaceholderPaths): string | undefined {
  if (name === 'CLAUDE_PROJECT_DIR') return projectDir
  return name.endsWith('ROOT') ? pluginRoot : pluginData
}

function isPlain(path: string): boolean {
  // A backslash is part of a path on Windows alone.
  return PLAIN_PATH.test(path) && (process.platform === 'win32' || !path.includes('\\'))
}
