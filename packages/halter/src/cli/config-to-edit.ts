import { relative, resolve } from 'node:path'
import { halterHome } from '@halter/core'
import { findProjectConfig, findUserConfig } from '@halter/core/host'
import { createConfig } from './config-init.ts'
import type { Output } from './output.ts'
import { trustOwn } from './trust-own.ts'

/** Which configuration a command changes. */
export interface EditedConfig {
  readonly config?: string
  readonly user?: boolean
}

/** The file that a command changes: the named one, the user's, or the project's. One that is not there is begun. */
export async function configToEdit(options: EditedConfig, cwd: string, output: Output): Promise<string> {
  const there = existingConfig(options, cwd)
  if (there !== undefined) return there
  const file = await createConfig(options.user ? { user: true } : {}, cwd)
  if (!options.user) await trustOwn(file, halterHome())
  output.talk(`wrote ${relative(process.cwd(), file) || file}`)
  return file
}

/** The same, without beginning one. */
export function existingConfig({ config, user }: EditedConfig, cwd: string): string | undefined {
  if (config !== undefined) return resolve(cwd, config)
  return (user ? findUserConfig(halterHome()) : findProjectConfig(cwd))?.file
}
