import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly publishConfig?: object
}

/**
 * Builds halter and lays it out below `folder` as npm would install it: built JavaScript under the published manifests. Returns the
 * path of its command.
 */
export function installHalter(folder: string): string {
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', 'packages/halter'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const modules = join(folder, 'node_modules')
  install(join(ROOT, 'packages/halter'), modules)
  return join(modules, 'halter/dist/bin.js')
}

function install(source: string, modules: string): void {
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest
  const target = join(modules, manifest.name)
  if (existsSync(target)) return
  mkdirSync(dirname(target), { recursive: true })
  if (!isOurs(source)) return symlinkSync(source, target)
  mkdirSync(target)
  writeFileSync(join(target, 'package.json'), JSON.stringify({ ...manifest, ...manifest.publishConfig }))
  cpSync(source, target, { recursive: true, filter: (path) => isPublished(path, source) })
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
    install(realpathSync(join(source, 'node_modules', name)), modules)
}

function isOurs(source: string): boolean {
  return !source.includes('node_modules')
}

/** What is built, and what needs no building; its manifest is written anew. */
function isPublished(path: string, source: string): boolean {
  const inside = path.slice(source.length + 1)
  return inside === '' || /^dist(?:\/(?!.*\.(?:tsbuildinfo|d\.ts)$)|$)/.test(inside) || inside.endsWith('.md')
}
