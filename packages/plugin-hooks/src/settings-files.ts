import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { halterHome } from '@halter/core'
import type { Json } from '@halter/protocol'
import type { Dialect, HandlerLayer } from './hook-handler.ts'
import { isObject } from './json.ts'
import { parseHooks, type ParsedHooks } from './parse-hooks.ts'

/** A settings file that has something to say about hooks, as it is now. */
export interface SettingsFile {
  readonly path: string
  readonly layer: HandlerLayer
  /** Another one, other content. */
  readonly version: string
  readonly parsed: ParsedHooks
  /** `disableAllHooks`, where the file says it. */
  readonly disablesAll?: boolean
}

interface Place {
  readonly path: string
  readonly layer: HandlerLayer
  readonly dialect: Dialect
  readonly isSettings: boolean
}

/** The hook files outside bundles. A file is read again when it changed, and never otherwise. */
export class SettingsFiles {
  readonly #read = new Map<string, SettingsFile>()

  /** Those of the user, for every folder. */
  ofUser(): Promise<readonly SettingsFile[]> {
    const claude = process.env['CLAUDE_CONFIG_DIR'] ?? join(homedir(), '.claude')
    return this.#all([
      place(join(claude, 'settings.json'), 'user', 'claude'),
      place(join(halterHome(process.env), 'hooks.json'), 'user', 'halter'),
    ])
  }

  /** Those of a folder: somebody must have trusted it. */
  ofFolder(folder: string): Promise<readonly SettingsFile[]> {
    if (resolve(folder) === homedir()) return Promise.resolve([]) // its `.claude` is the user's own
    return this.#all([
      place(join(folder, '.claude', 'settings.json'), 'project', 'claude'),
      place(join(folder, '.halter', 'hooks.json'), 'project', 'halter'),
      place(join(folder, '.claude', 'settings.local.json'), 'local', 'claude'),
    ])
  }

  /** Those that the configuration names. */
  named(paths: readonly string[]): Promise<readonly SettingsFile[]> {
    return this.#all(
      paths.map((path) => place(resolve(path), 'config', path.includes('.claude') ? 'claude' : 'halter')),
    )
  }

  async #all(places: readonly Place[]): Promise<readonly SettingsFile[]> {
    const files = await Promise.all(places.map((each) => this.#one(each)))
    return files.filter((file) => file !== undefined)
  }

  async #one({ path, layer, dialect, isSettings }: Place): Promise<SettingsFile | undefined> {
    // Not a promise: most of these files are not there, and 4 µs tell.
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat?.isFile()) {
      this.#read.delete(path)
      return undefined
    }
    const version = `${stat.mtimeMs}:${stat.size}:${stat.ino}`
    const known = this.#read.get(path)
    if (known?.version === version) return known
    const source = { file: path, layer }
    const value = await readJson(path)
    const parsed: ParsedHooks =
      typeof value === 'string'
        ? { handlers: [], warnings: [{ category: 'parse_error', source, message: value }] }
        : parseHooks({ value: value.json, source, dialect, isSettings })
    const disables =
      typeof value === 'object' && isObject(value.json) ? value.json['disableAllHooks'] : undefined
    const file: SettingsFile = {
      path,
      layer,
      version,
      parsed,
      ...(typeof disables === 'boolean' && { disablesAll: disables }),
    }
    this.#read.set(path, file)
    return file
  }
}

function place(path: string, layer: HandlerLayer, dialect: Dialect): Place {
  return { path, layer, dialect, isSettings: !path.endsWith('hooks.json') }
}

/** The file's value, or what is wrong with it. */
async function readJson(path: string): Promise<{ readonly json: Json } | string> {
  try {
    const text = await readFile(path, 'utf8')
    return { json: JSON.parse(text.replace(/^\uFEFF/, '')) as Json }
  } catch (error) {
    return `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
}
