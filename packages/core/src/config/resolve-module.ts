import { existsSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * The URL of a module, by Node's own rules for `import` as if `parentUrl` had written it: packages that only have an
 * `import` entry are found too, which `require.resolve` would refuse. Runs nothing of it.
 * @throws what Node throws, `ERR_MODULE_NOT_FOUND` for one.
 */
export function resolveModule(specifier: string, parentUrl: string): string {
  // `import.meta.resolve` takes a parent only behind a flag; a hook may name one.
  const hooks = registerHooks({
    resolve: (asked, context, next) =>
      asked === ASKED ? next(specifier, { ...context, parentURL: parentUrl }) : next(asked, context),
  })
  try {
    return import.meta.resolve(ASKED)
  } finally {
    hooks.deregister()
  }
}

/** What a package in a folder gives to those who import it by its name, as it may do itself; undefined when it gives nothing. */
export function resolvePackage(folder: string): string | undefined {
  const manifest = join(folder, 'package.json')
  try {
    const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly name?: unknown }
    const url = typeof name === 'string' && resolveModule(name, pathToFileURL(manifest).href)
    return url && existsSync(fileURLToPath(url)) ? url : undefined
  } catch {
    return undefined
  }
}

const ASKED = 'halter:module-to-resolve'
