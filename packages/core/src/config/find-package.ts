import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { resolveModule } from './resolve-module.ts'

/** An installed package. */
export interface FoundPackage {
  readonly name: string
  readonly version: string
  readonly folder: string
}

/** The package that `import name` would load from one of these URLs, the first that has it. Runs nothing of it. */
export function findPackage(name: string, fromUrls: readonly string[]): FoundPackage | undefined {
  for (const url of fromUrls)
    try {
      const found = packageOf(fileURLToPath(resolveModule(name, url)), name)
      if (found) return found
    } catch {
      // not from here; the next place may have it
    }
  return undefined
}

/** The nearest manifest above a module that has this name: packages may have others inside. */
function packageOf(file: string, name: string): FoundPackage | undefined {
  for (let folder = dirname(file); dirname(folder) !== folder; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (!existsSync(manifest)) continue
    const { name: own, version } = JSON.parse(readFileSync(manifest, 'utf8')) as Partial<FoundPackage>
    if (own === name) return { name, version: version ?? '', folder }
  }
  return undefined
}
