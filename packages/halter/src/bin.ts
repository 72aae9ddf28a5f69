#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Before anything else is imported. Not in the shared temporary folder, which is Node's default: whoever can write there
// could put code into the next start.
const { HALTER_HOME, XDG_CACHE_HOME } = process.env
const cache = HALTER_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'halter')
enableCompileCache(join(cache, 'compile-cache'))

// Node advises "type": "module" at every start with a halter.config.ts: advice to the whole project, for the sake of one file.
const { emitWarning } = process
process.emitWarning = (...given: readonly unknown[]) => {
  const [, options] = given as readonly [unknown, { readonly code?: string } | undefined]
  if (options?.code !== 'MODULE_TYPELESS_PACKAGE_JSON') Reflect.apply(emitWarning, process, given)
}

const { main } = await import('./cli/main.ts')
// Leaves even when something that a plugin opened is still open: the command is done, and everything it wrote is out.
process.exit(await main(process.argv.slice(2)))
