import type { Json } from '@halter/protocol'
import type { FileLooks } from './file-looks.ts'
import { lineOfJsonError } from './json-line.ts'
import { lineAt, Problems, type ResourceProblem } from './problem.ts'

/** An object of JSON, with the text it came from. */
export interface JsonFile {
  readonly value: Readonly<Record<string, Json>>
  readonly text: string
}

/** Reads a file that must hold one JSON object; undefined: `problems` says what is wrong. */
export function readJson(file: string, looks: FileLooks, problems: Problems): JsonFile | undefined {
  const read = looks.once(file, 'json', () => parse(file, looks))
  problems.list.push(...read.problems)
  return read.json
}

function parse(
  file: string,
  looks: FileLooks,
): { readonly json?: JsonFile; readonly problems: readonly ResourceProblem[] } {
  const problems = new Problems(file)
  const content = looks.text(file)
  if ('problem' in content) problems.error(content.problem, content.cure)
  else if (content.isCut) problems.error(`It has ${content.size} bytes: too many.`, 'Shorten it.')
  else {
    const text = content.text.replace(/^\uFEFF/, '')
    try {
      const value = JSON.parse(text) as Json
      if (isObject(value)) return { json: { value, text }, problems: [] }
      problems.error('It is no JSON object.', 'Write { … }.', 1)
    } catch (error) {
      const message = (error as SyntaxError).message.replace(/,? (?:\.\.\.)?(?:".*|in JSON at .*)/s, '')
      const cure = 'Correct it; comments and trailing commas are none.'
      problems.error(`It is no JSON: ${message}.`, cure, lineOfJsonError(text))
    }
  }
  return { problems: problems.list }
}

/** True for what `{ … }` is in JSON. */
export function isObject(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The line of a key, from 1: the first place where it is written as one. */
export function lineOfKey(text: string, key: string): number | undefined {
  const found = new RegExp(`${JSON.stringify(key).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*:`).exec(text)
  return found ? lineAt(text, found.index) : undefined
}
