import { readFileSync, statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HalterError } from '@halter/core'
import { checkScript } from './check-script.ts'
import type { Script, ScriptFunction } from './script.ts'

/** A script that can be played. */
export interface LoadedScript {
  /** As a model id names it, for messages. */
  readonly name: string
  /** Another object when the file has changed. */
  readonly content: Script | ScriptFunction
  /** Stated by the module beside a function. */
  readonly info?: Script['info']
}

type MaybePromise<T> = T | Promise<T>

/** Script files, each read once as long as it does not change. */
export class ScriptFiles {
  readonly #known = new Map<string, { readonly mtimeMs: number; script: MaybePromise<LoadedScript> }>()

  /**
   * The script at `path`, which is absolute or relative to the working directory of the process. At once when it is known.
   * @throws HalterError `ERR_MODEL_FAILED`, naming the file, the place in it and the cure.
   */
  load(path: string): MaybePromise<LoadedScript> {
    const file = resolve(path)
    const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs
    if (mtimeMs === undefined)
      throw unusable(
        path,
        `there is no file ${file}. Name an existing one, absolute or from the working directory ${process.cwd()}`,
      )
    const known = this.#known.get(file)
    if (known?.mtimeMs === mtimeMs) return known.script
    const script = read(path, file, mtimeMs)
    const entry = { mtimeMs, script }
    this.#known.set(file, entry)
    if (script instanceof Promise)
      script.then(
        (loaded) => (entry.script = loaded),
        () => this.#known.delete(file),
      )
    return script
  }
}

function read(path: string, file: string, mtimeMs: number): MaybePromise<LoadedScript> {
  switch (extname(file).toLowerCase()) {
    case '.json':
      return checked(
        path,
        parse(path, () => JSON.parse(readFileSync(file, 'utf8')) as unknown),
      )
    case '.yaml':
    case '.yml':
      return import('yaml').then((yaml) =>
        checked(
          path,
          parse(path, () => yaml.parse(readFileSync(file, 'utf8')) as unknown),
        ),
      )
    case '.js':
    case '.mjs':
    case '.ts':
    case '.mts':
      return importScript(path, file, mtimeMs)
    default:
      throw unusable(path, 'its name does not say what it is. Use .json, .yaml, .yml, .js, .mjs or .ts')
  }
}

async function importScript(path: string, file: string, mtimeMs: number): Promise<LoadedScript> {
  const url = pathToFileURL(file)
  url.searchParams.set('v', String(mtimeMs)) // Node never forgets a module: a changed one needs another URL
  let module: { readonly default?: unknown; readonly info?: unknown }
  try {
    module = (await import(url.href)) as typeof module
  } catch (cause) {
    throw unusable(path, `it could not be imported: ${messageOf(cause)}`, cause)
  }
  if (typeof module.default !== 'function') return checked(path, module.default)
  const problems = checkScript({ replies: [], info: module.info ?? {} })
  if (problems.length > 0) throw unusable(path, `${problems.join('; ')}. Correct its export "info"`)
  const content = module.default as ScriptFunction
  return { name: path, content, ...(module.info !== undefined && { info: module.info as Script['info'] }) }
}

function checked(path: string, value: unknown): LoadedScript {
  const problems = checkScript(value)
  if (problems.length > 0) throw unusable(path, `${problems.join('; ')}. Correct the file`)
  return { name: path, content: value as Script }
}

function parse(path: string, work: () => unknown): unknown {
  try {
    return work()
  } catch (cause) {
    throw unusable(path, `it could not be read: ${messageOf(cause)}`, cause)
  }
}

function unusable(path: string, why: string, cause?: unknown): HalterError {
  return new HalterError('ERR_MODEL_FAILED', `The script "${path}" cannot be used: ${why}.`, {
    kind: 'invalid-request',
    cause,
    data: { script: path },
  })
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
}
