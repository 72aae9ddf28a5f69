import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { halterHome, HalterError } from '@halter/core'
import { findProjectConfig, findUserConfig, loadConfig } from '@halter/core/host'
import type { OptionValues } from './command-spec.ts'
import type { CONFIG_INIT } from './commands/config.ts'
import { LIBRARY, workingFolder } from './load-configuration.ts'
import type { Output } from './output.ts'
import { trustOwn } from './trust-own.ts'
import { UsageError } from './usage-error.ts'

const FORMATS = ['json', 'yaml', 'ts'] as const
type Format = (typeof FORMATS)[number]

/** `halter config init`: a configuration file to begin with. Overwrites nothing. */
export async function initConfig(
  options: OptionValues<(typeof CONFIG_INIT)['options']>,
  _: readonly string[],
  output: Output,
): Promise<number> {
  const cwd = workingFolder(options.cwd)
  const file = await createConfig(options, cwd)
  // Read back: what was written must be a configuration.
  await loadConfig({ ...LIBRARY, cwd, explicit: file, isAlone: true })
  if (!options.user) await trustOwn(file, halterHome())
  output.talk(`wrote ${relative(process.cwd(), file) || file}`)
  output.talk(
    'Its keys: docs/config.md, halter config schema. What counts in the end: halter config print',
    'dim',
  )
  return 0
}

/** Writes a configuration where none is. Returns the file. */
export async function createConfig(
  options: { readonly user?: boolean } & { readonly [F in Format]?: boolean },
  cwd: string,
): Promise<string> {
  const chosen = FORMATS.filter((format) => options[format])
  if (chosen.length > 1)
    throw new UsageError(
      `One format, please, not ${chosen.map((format) => `--${format}`).join(' and ')}.`,
      'config init',
    )
  const [format = 'json'] = chosen
  const folder = options.user ? halterHome() : cwd
  const there = options.user ? findUserConfig(folder)?.file : configIn(cwd)
  const file = join(folder, `${options.user ? 'config' : 'halter.config'}.${format}`)
  if (there !== undefined || existsSync(file))
    throw new HalterError(
      'ERR_CONFIG',
      `${there ?? file} is there already, and stays as it is. Edit it, or remove it first.`,
    )
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(file, await starter(format, folder), { flag: 'wx' })
  return file
}

/** Only in this very folder: a project inside a repository may have its own. */
function configIn(cwd: string): string | undefined {
  const found = findProjectConfig(cwd)?.file
  return found !== undefined && dirname(found) === cwd ? found : undefined
}

async function starter(format: Format, folder: string): Promise<string> {
  if (format === 'ts') return TYPESCRIPT
  const schema = await Promise.resolve(localSchema(folder))
  if (format === 'yaml')
    return `${schema === undefined ? '' : `# yaml-language-server: $schema=${schema}\n`}${YAML}`
  return `${JSON.stringify({ ...(schema !== undefined && { $schema: schema }), limits: { steps: 50 }, plugins: [] }, undefined, 2)}\n`
}

/** For editors: the schema of a halter that is installed here. */
function localSchema(folder: string): string | undefined {
  const file = './node_modules/halter/config.schema.json'
  return existsSync(join(folder, file)) ? file : undefined
}

// A type import is gone at run time: the file works where halter is not installed next to it, too.
const TYPESCRIPT = `import type { HalterConfig } from 'halter'

export default {
  // model: 'anthropic/claude-sonnet-5-5',
  limits: {
    steps: 50, // model calls per turn
    // usd: 5, // of a session and its subagents
  },
  plugins: [
    // './my-plugin.ts',
    // ['@halter/plugin-tools', { allowShell: ['git status', 'npm test'] }],
  ],
} satisfies HalterConfig
`
const YAML = `# model: anthropic/claude-sonnet-5-5
limits:
  steps: 50 # model calls per turn
  # usd: 5 # of a session and its subagents
plugins: []
  # - ./my-plugin.ts
  # - ['@halter/plugin-tools', { allowShell: ['git status', 'npm test'] }]
`
