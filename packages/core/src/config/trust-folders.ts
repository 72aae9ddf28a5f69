import { realpath } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import type { FolderTrust } from '../contracts/trust.ts'
import { definePlugin, type Plugin } from '../define-plugin.ts'

/**
 * A plugin that trusts these folders and everything below them, whatever they hold: what a program says that embeds halter
 * without `loadConfig`. Without it, hooks, skills and the like of a working folder are left alone.
 */
export function trustFolders(folders: readonly string[]): Plugin {
  return trustPlugin({ isTrusted: async (folder) => await isInside(folder, folders) })
}

/** A plugin that fills the slot `trust`. */
export function trustPlugin(trust: FolderTrust): Plugin {
  return definePlugin({
    name: '@halter/core/trust',
    apiVersion: 1,
    provides: ['trust'],
    setup: () => ({ trust }),
  })
}

/** Whether a folder is one of `folders` or below one, links resolved. */
export async function isInside(folder: string, folders: readonly string[]): Promise<boolean> {
  const real = (path: string): Promise<string> => realpath(path).catch(() => resolve(path))
  const asked = `${await real(folder)}${sep}`
  for (const each of folders) {
    const parent = await real(each)
    if (asked.startsWith(parent.endsWith(sep) ? parent : `${parent}${sep}`)) return true
  }
  return false
}
