import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { halterHome, isHalterError } from '@halter/core'
import { checkPlugins, findPackage, loadConfig } from '@halter/core/host'
import type { OptionValues } from './command-spec.ts'
import type { PLUGINS_ADD } from './commands/plugins.ts'
import { configToEdit } from './config-to-edit.ts'
import { addEntry, isCode, type FileEntry } from './edit-config.ts'
import { LIBRARY, workingFolder } from './load-configuration.ts'
import type { Output } from './output.ts'
import { packageManagerOf, runPackageManager } from './package-manager.ts'
import { isOwn, trustOwn } from './trust-own.ts'
import { UsageError } from './usage-error.ts'

/** `halter plugins add`: exit code 1 when a line is left to be written by hand. */
export async function addPlugin(
  options: OptionValues<(typeof PLUGINS_ADD)['options']>,
  [wanted]: readonly string[],
  output: Output,
): Promise<number> {
  const cwd = workingFolder(options.cwd)
  const pluginOptions = readOptions(options.options)
  const asked = readWanted(wanted!, cwd)
  const file = await configToEdit(options, cwd, output)
  const folder = dirname(file)
  if ('name' in asked) await install(asked, folder, output)
  const specifier = 'name' in asked ? asked.name : pathFrom(folder, asked.path)
  const entry: FileEntry = pluginOptions === undefined ? specifier : [specifier, pluginOptions]
  if (isCode(file)) {
    output.talk(`${file} is code, which only you can edit. Add to its plugins:`)
    output.data(`${JSON.stringify(entry)},\n`)
    return 1
  }
  const wasTried = await addToFile(file, entry)
  const shown = relative(process.cwd(), file) || file
  if (wasTried) output.talk(`${specifier} is in ${shown} now. halter doctor tells what it does there.`)
  else
    output.talk(
      `${specifier} is in ${shown} now. Nobody has trusted that file, so it was not tried: read it, then halter trust add.`,
    )
  return 0
}

type Wanted = { readonly name: string; readonly range: string | undefined } | { readonly path: string }

/** A file, or a package with or without a version. */
function readWanted(wanted: string, cwd: string): Wanted {
  if (/^\.{1,2}[\\/]/.test(wanted) || isAbsolute(wanted) || /\.[cm]?[jt]s$/.test(wanted)) {
    const path = resolve(cwd, wanted)
    if (!existsSync(path)) throw new UsageError(`There is no file ${path}.`, 'plugins add')
    return { path }
  }
  const match = /^((?:@[\w.~-]+\/)?[\w.~-]+)(?:@([\w.^~+-]+))?$/.exec(wanted)
  if (!match)
    throw new UsageError(
      `"${wanted}" is no package and no file. Write a name, name@version, or ./file.`,
      'plugins add',
    )
  return { name: match[1]!, range: match[2] }
}

function readOptions(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`--options is no JSON: ${(error as Error).message}`, 'plugins add')
  }
}

/** What is there already, as a package of the folder or of halter's own, is not installed again. */
async function install(
  { name, range }: { readonly name: string; readonly range: string | undefined },
  folder: string,
  output: Output,
): Promise<void> {
  const urls = [pathToFileURL(`${folder}${sep}noname`).href, ...LIBRARY.ownUrls]
  const found = range === undefined ? findPackage(name, urls) : undefined
  if (found) return output.talk(`${name} ${found.version} is there already.`)
  const manager = packageManagerOf(folder)
  const spec = range === undefined ? name : `${name}@${range}`
  await runPackageManager(manager, [...manager.install, spec], { folder, output })
}

/** As a configuration writes it, with forward slashes on every system. */
function pathFrom(folder: string, path: string): string {
  const from = relative(folder, path).split(sep).join('/')
  return from.startsWith('../') ? from : `./${from}`
}

/**
 * Writes the entry, and takes it back when the configuration would not work with it. One that nobody has trusted is not tried:
 * that would run what it names. Returns whether it was.
 */
async function addToFile(file: string, entry: FileEntry): Promise<boolean> {
  const home = halterHome()
  const wasOwn = await isOwn(file, home)
  const before = readFileSync(file, 'utf8')
  writeFileSync(file, addEntry(file, before, entry))
  if (!wasOwn) return false
  try {
    await checkPlugins(await loadConfig({ ...LIBRARY, cwd: dirname(file), explicit: file, isAlone: true }))
  } catch (error) {
    writeFileSync(file, before)
    if (isHalterError(error)) error.message += `\n${file} stays as it was.`
    throw error
  }
  await trustOwn(file, home)
  return true
}
