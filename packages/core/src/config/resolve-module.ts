import { registerHooks } from 'node:module'

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

const ASKED = 'halter:module-to-resolve'
