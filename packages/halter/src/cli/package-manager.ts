import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HalterError } from '@halter/core'
import type { Output } from './output.ts'

/** Who installs packages into a folder. */
export interface PackageManager {
  readonly name: string
  readonly install: readonly string[]
  readonly uninstall: readonly string[]
}

// Exactly this version, and no install script of anybody's. Of npm its errors, whoever has told it to be silent.
const NPM: PackageManager = {
  name: 'npm',
  install: ['install', '--save-exact', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
  uninstall: ['uninstall', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
}
const BY_LOCK_FILE: Readonly<Record<string, PackageManager>> = {
  'pnpm-lock.yaml': {
    name: 'pnpm',
    install: ['add', '--save-exact', '--ignore-scripts'],
    uninstall: ['remove'],
  },
  'yarn.lock': { name: 'yarn', install: ['add', '--exact'], uninstall: ['remove'] },
  'bun.lock': { name: 'bun', install: ['add', '--exact', '--ignore-scripts'], uninstall: ['remove'] },
  'bun.lockb': { name: 'bun', install: ['add', '--exact', '--ignore-scripts'], uninstall: ['remove'] },
  'package-lock.json': NPM,
}

/** The package manager that a folder is used with: the one whose lock file is nearest, else npm. */
export function packageManagerOf(folder: string): PackageManager {
  for (let each = folder; ; each = dirname(each)) {
    const found = Object.keys(BY_LOCK_FILE).find((name) => existsSync(join(each, name)))
    if (found !== undefined) return BY_LOCK_FILE[found]!
    if (dirname(each) === each || existsSync(join(each, '.git'))) return NPM
  }
}

/**
 * Has a package manager do something in a folder; what it says goes to stderr.
 * @throws HalterError `ERR_PLUGIN_LOAD` when it fails or is not there.
 */
export async function runPackageManager(
  { name }: PackageManager,
  args: readonly string[],
  { folder, output }: { readonly folder: string; readonly output: Output },
): Promise<void> {
  // Without a manifest of its own, npm would install into a folder above.
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest))
    writeFileSync(manifest, `${JSON.stringify({ private: true, type: 'module' }, undefined, 2)}\n`)
  output.talk(`${name} ${args.join(' ')}`, 'dim')
  const child = spawn(name, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, YARN_ENABLE_SCRIPTS: 'false' },
    // On Windows it is a script; every argument has been checked.
    shell: process.platform === 'win32',
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) =>
      reject(failed(`${name} could not be started. Install it, or use another package manager.`, cause)),
    )
    child.on('close', resolve)
  })
  if (code !== 0) throw failed(`${name} failed with exit code ${code}:\n${said.trim()}`)
}

function failed(message: string, cause?: unknown): HalterError {
  return new HalterError('ERR_PLUGIN_LOAD', message, { cause })
}
