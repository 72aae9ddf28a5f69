import { realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ResourcePlugin } from '@halter/core'
import type { Manifest } from './manifest.ts'
import { pathList } from './component-path.ts'

/** What a plugin is called, and where. */
export interface IdentityOptions {
  readonly root: string
  readonly shownRoot: string
  readonly dataHome: string
  readonly dataName?: string
  readonly name?: string
}

/**
 * Who a plugin is. The id is made of name, version and real folder, so that it is the same at every reload; the folder for its data
 * leaves the version out, so that an update keeps it.
 */
export function identify(
  manifest: Manifest | undefined,
  { root, shownRoot, dataHome, dataName, name: given }: IdentityOptions,
): ResourcePlugin {
  const name = manifest?.name ?? given ?? basename(root)
  const version = manifest?.version
  const place = shownRoot === root ? realRoot(root) : shownRoot
  const value = manifest && !manifest.isPortable ? manifest.value : {}
  return {
    id: `${name}-${digest([name, version ?? '', place])}`,
    name,
    ...(version !== undefined && { version }),
    root: shownRoot,
    dataDir: join(dataHome, fileName(dataName ?? `${name}-${digest([name, place])}`)),
    layout: manifest?.layout ?? 'claude',
    allowedEnvVars: pathList(value['allowedEnvVars']) ?? [],
    allowedHttpHosts: pathList(value['allowedHttpHosts']) ?? [],
  }
}

function realRoot(root: string): string {
  try {
    return realpathSync(root)
  } catch {
    return root
  }
}

function digest(parts: readonly string[]): string {
  // Not imported: Node has it loaded already, and building its ES module view would cost milliseconds at start.
  const { hash } = process.getBuiltinModule('node:crypto')
  return hash('sha256', parts.join('\0')).slice(0, 12)
}

function fileName(text: string): string {
  return text.replace(/[^\w.-]/g, '-')
}
