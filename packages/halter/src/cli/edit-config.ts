import { extname, basename } from 'node:path'
import { applyEdits, findNodeAtLocation, modify, parseTree, type JSONPath } from 'jsonc-parser'
import { isSeq, parseDocument, YAMLSeq } from 'yaml'

/** An entry of `plugins`: a specifier, or one with options. */
export type FileEntry = string | readonly [specifier: string, options: unknown]

/** True for a configuration that is code: nobody but its author can edit that. */
export function isCode(file: string): boolean {
  return /^\.[cm]?[jt]s$/.test(extname(file))
}

/** The `plugins` of a configuration file that is data, as it is written. Empty when there are none, or the text is broken. */
export function pluginEntries(file: string, text: string): readonly unknown[] {
  const plugins: unknown = isJson(file, text)
    ? valueAt(text, pathOf(file))
    : (parseDocument(text).toJS() as { readonly plugins?: unknown } | null)?.plugins
  return Array.isArray(plugins) ? plugins : []
}

/** The text with one entry more at the end of `plugins`. Everything else stays as it is written, comments included. */
export function addEntry(file: string, text: string, entry: FileEntry): string {
  if (!isJson(file, text)) return addToYaml(text, entry)
  const path = pathOf(file)
  const count = pluginEntries(file, text).length
  return count > 0 || findNodeAtLocation(parseTree(text) ?? NOTHING, path)
    ? edit(text, [...path, count], entry)
    : edit(text, path, [entry])
}

/** The text without one entry of `plugins`. */
export function removeEntry(file: string, text: string, index: number): string {
  if (isJson(file, text)) return edit(text, [...pathOf(file), index], undefined)
  const document = parseDocument(text)
  document.deleteIn(['plugins', index])
  return document.toString({ lineWidth: 0 })
}

const NOTHING = { type: 'null', offset: 0, length: 0 } as const

/** A `.halterrc` is either; what is no JSON is YAML. */
function isJson(file: string, text: string): boolean {
  return extname(file) === '.json' || (basename(file) === '.halterrc' && text.trimStart().startsWith('{'))
}

function pathOf(file: string): JSONPath {
  return basename(file) === 'package.json' ? ['halter', 'plugins'] : ['plugins']
}

function valueAt(text: string, path: JSONPath): unknown {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return undefined
  }
  for (const name of path) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  return value
}

function edit(text: string, path: JSONPath, value: unknown): string {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
  const formattingOptions = indent.startsWith('\t')
    ? { insertSpaces: false, tabSize: 1 }
    : { insertSpaces: true, tabSize: indent.length }
  return applyEdits(text, modify(text, path, value, { formattingOptions }))
}

function addToYaml(text: string, entry: FileEntry): string {
  const document = parseDocument(text)
  const node = document.createNode(entry)
  if (isSeq(node)) node.flow = true
  const plugins: unknown = document.get('plugins')
  if (isSeq(plugins)) {
    // `[]` in one line would go on in one line.
    if (plugins.items.length === 0) plugins.flow = false
    plugins.add(node)
  } else {
    const list = new YAMLSeq(document.schema)
    list.add(node)
    document.set('plugins', list)
  }
  return document.toString({ lineWidth: 0 })
}
