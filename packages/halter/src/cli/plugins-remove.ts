import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { halterHome, HalterError, nearestName } from '@halter/core'
import { loadConfig } from '@halter/core/host'
import type { OptionValues } from './command-spec.ts'
import type { PLUGINS_REMOVE } from './commands/plugins.ts'
import { existingConfig } from './config-to-edit.ts'
import { isCode, pluginEntries, removeEntry } from './edit-config.ts'
import { LIBRARY, workingFolder } from './load-configuration.ts'
import type { Output } from './output.ts'
import { packageManagerOf, runPackageManager } from './package-manager.ts'
import { isOwn, trustOwn } from './trust-own.ts'

/** `halter plugins rm`: exit code 1 when a line is left to be removed by hand. */
export async function removePlugin(
  options: OptionValues<(typeof PLUGINS_REMOVE)['options']>,
  [named]: readonly string[],
  output: Output,
): Promise<number> {
  const cwd = workingFolder(options.cwd)
  const file = existingConfig(options, cwd)
  if (file === undefined) throw notThere(named!, 'No configuration file was found', [])
  if (isCode(file)) {
    output.talk(`${file} is code, which only you can edit. Remove ${named} from its plugins.`)
    return 1
  }
  const home = halterHome()
  const wasOwn = await isOwn(file, home)
  const text = readFileSync(file, 'utf8')
  const entries = pluginEntries(file, text).map(specifierOf)
  const index = await findEntry(named!, { file, entries, cwd, mayLoad: wasOwn })
  writeFileSync(file, removeEntry(file, text, index))
  if (wasOwn) await trustOwn(file, home)
  output.talk(`${entries[index]} is not in ${relative(process.cwd(), file) || file} any more.`)
  if (!options.keep) await uninstall(entries[index]!, dirname(file), output)
  return 0
}

function specifierOf(entry: unknown): string {
  return String(Array.isArray(entry) ? entry[0] : entry)
}

/** By what is written there, or by the plugin's own name where the configuration is trusted and can be loaded. */
async function findEntry(
  named: string,
  {
    file,
    entries,
    cwd,
    mayLoad,
  }: {
    readonly file: string
    readonly entries: readonly string[]
    readonly cwd: string
    readonly mayLoad: boolean
  },
): Promise<number> {
  const folder = dirname(file)
  const isMeant = (entry: string): boolean =>
    entry === named || (entry.startsWith('.') && resolve(folder, entry) === resolve(cwd, named))
  const written = entries.findIndex(isMeant)
  if (written !== -1) return written
  const config = mayLoad
    ? await loadConfig({ ...LIBRARY, cwd: folder, explicit: file, isAlone: true }).catch(() => undefined)
    : undefined
  const key = config?.origins.get(`plugins.${named}`)?.key
  const index = Number(/\d+/.exec(key ?? '')?.[0] ?? -1)
  if (index === -1) throw notThere(named, `${file} names no plugin ${named}`, entries)
  return index
}

function notThere(named: string, what: string, entries: readonly string[]): HalterError {
  const meant = nearestName(named, entries)
  const cure =
    meant === undefined
      ? 'halter plugins list tells which there are, and where from.'
      : `Did you mean ${meant}?`
  return new HalterError('ERR_CONFIG', `${what}. ${cure}`)
}

/** Only what the folder's own manifest asks for: anything else is somebody else's. */
async function uninstall(name: string, folder: string, output: Output): Promise<void> {
  const manifest = join(folder, 'package.json')
  if (name.startsWith('.') || !existsSync(manifest)) return
  const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly dependencies?: object
  }
  if (!Object.hasOwn(dependencies, name)) return
  const manager = packageManagerOf(folder)
  await runPackageManager(manager, [...manager.uninstall, name], { folder, output })
}
