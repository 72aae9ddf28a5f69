/** Endings per name of a language, for grep's `type`. A name that is not here is taken as an ending itself. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  c: ['c', 'h'],
  cpp: ['cc', 'cpp', 'cxx', 'c++', 'h', 'hh', 'hpp', 'hxx', 'inl'],
  csharp: ['cs'],
  css: ['css', 'scss', 'sass', 'less'],
  docker: ['dockerfile'],
  elixir: ['ex', 'exs'],
  go: ['go'],
  haskell: ['hs'],
  html: ['html', 'htm', 'xhtml'],
  java: ['java'],
  javascript: ['js', 'jsx', 'mjs', 'cjs', 'vue'],
  json: ['json', 'jsonc', 'json5', 'jsonl'],
  kotlin: ['kt', 'kts'],
  lua: ['lua'],
  make: ['makefile', 'mk', 'mak'],
  markdown: ['md', 'mdx', 'markdown'],
  perl: ['pl', 'pm'],
  php: ['php'],
  python: ['py', 'pyi'],
  ruby: ['rb', 'rake', 'gemspec'],
  rust: ['rs'],
  scala: ['scala', 'sbt'],
  shell: ['sh', 'bash', 'zsh', 'fish', 'ksh'],
  sql: ['sql'],
  swift: ['swift'],
  text: ['txt'],
  toml: ['toml'],
  typescript: ['ts', 'tsx', 'mts', 'cts'],
  xml: ['xml', 'xsd', 'xsl', 'svg'],
  yaml: ['yaml', 'yml'],
}

const ALIASES: Readonly<Record<string, string>> = {
  bash: 'shell',
  cs: 'csharp',
  cxx: 'cpp',
  dockerfile: 'docker',
  js: 'javascript',
  kt: 'kotlin',
  makefile: 'make',
  md: 'markdown',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'shell',
  ts: 'typescript',
  txt: 'text',
  yml: 'yaml',
}

/** Whether a file is of a type such as `ts`, `python` or `.svelte`, by its name alone. */
export function isOfType(name: string, type: string): boolean {
  const wanted = type.toLowerCase().replace(/^\.+/, '')
  const endings = known(ENDINGS, known(ALIASES, wanted) ?? wanted) ?? [wanted]
  const base = name.slice(name.lastIndexOf('/') + 1).toLowerCase()
  return endings.some((ending) => base === ending || base.endsWith(`.${ending}`))
}

function known<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
