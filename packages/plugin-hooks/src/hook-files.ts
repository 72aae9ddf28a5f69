import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve, sep } from 'node:path'
import { halterHome, type DeclaredResource } from '@halter/core'
import type { Json } from '@halter/protocol'
import type { Dialect, HandlerLayer } from './hook-handler.ts'
import { isObject } from './json.ts'
import type { HookFile } from './parse-hooks.ts'

/** Hook files that the configuration names. One is read again when it changed, and never otherwise. */
export class NamedFiles {
  readonly #paths: readonly string[]
  readonly #read = new Map<string, { readonly version: string; readonly declared: DeclaredResource }>()

  constructor(paths: readonly string[]) {
    this.#paths = paths.map((path) => resolve(path))
  }

  /** What they say now. @throws nothing: a file that cannot be read says so as its value. */
  async read(): Promise<readonly DeclaredResource[]> {
    return Promise.all(this.#paths.map((path) => this.#one(path)))
  }

  async #one(path: string): Promise<DeclaredResource> {
    const stat = statSync(path, { throwIfNoEntry: false })
    const version = stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : 'gone'
    const known = this.#read.get(path)
    if (known?.version === version) return known.declared
    const declared = { name: NAMED, source: path, value: await readJson(path) }
    this.#read.set(path, { version, declared })
    return declared
  }
}

/** Marks a file that the configuration names: what is trusted with code is trusted with hooks. */
const NAMED = 'configuration'

/** A declared resource as a hook file: whose it is, and in whose names it speaks, follows from where it lies. */
export function hookFileOf({ name, source: file, plugin, value }: DeclaredResource): HookFile {
  const isClaudes = plugin ? plugin.layout === 'claude' : isIn(file, '.claude')
  const dialect: Dialect = isClaudes ? 'claude' : 'halter'
  const layer = plugin ? 'plugin' : name === NAMED ? 'config' : layerOf(file)
  return { value, source: { file, layer, ...(plugin && { plugin }) }, dialect }
}

/**
 * Whether all hooks are off, by the files' `disableAllHooks`: a folder's own word counts more than the user's, and what is kept out
 * of version control most. Of two that count the same, the later has it, which is the nearer.
 */
export function areOff(declared: readonly DeclaredResource[]): boolean {
  let strongest: { readonly rank: number; readonly isOff: boolean } | undefined
  for (const each of declared) {
    const isOff = isObject(each.value) ? each.value['disableAllHooks'] : undefined
    if (typeof isOff !== 'boolean' || each.plugin) continue
    const rank = RANK[hookFileOf(each).source.layer] ?? 0
    if (!strongest || rank >= strongest.rank) strongest = { rank, isOff }
  }
  return strongest?.isOff ?? false
}

const RANK: Partial<Readonly<Record<HandlerLayer, number>>> = { user: 1, project: 2, local: 3 }

function layerOf(file: string): HandlerLayer {
  const isUsers = [join(homedir(), '.claude'), join(homedir(), '.agents'), halterHome()].some((folder) =>
    file.startsWith(folder + sep),
  )
  if (isUsers) return 'user'
  return basename(file) === 'settings.local.json' ? 'local' : 'project'
}

function isIn(file: string, folder: string): boolean {
  return file.split(sep).includes(folder)
}

/** The file's value; a sentence where it has none, which parsing turns into a warning. */
async function readJson(path: string): Promise<Json> {
  try {
    return JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, '')) as Json
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
