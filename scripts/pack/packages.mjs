// Makes the tarballs that would be published.
import { execFile } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The workspace. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every package that is not private: its name and its folder. */
export function publishable() {
  const manifests = globSync(['{packages/*,prompts,docs}/package.json'], { cwd: root })
  return manifests.sort().flatMap((file) => {
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8'))
    return manifest.private ? [] : [{ name: manifest.name, folder: join(root, file, '..') }]
  })
}

/** Compiles them from nothing: a file left by an older build must not find its way into a tarball. */
export async function build(packages) {
  const compiled = packages
    .map(({ folder }) => folder)
    .filter((folder) => globSync('tsconfig.json', { cwd: folder }).length > 0)
  for (const folder of compiled) rmSync(join(folder, 'dist'), { recursive: true, force: true })
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...compiled], root)
}

/** Packs one of them into `target`; tells the tarball, its manifest and the paths in it. */
export async function pack({ name, folder }, target) {
  const { stdout } = await run('pnpm', ['pack', '--json', '--pack-destination', target], folder)
  const { filename } = JSON.parse(stdout)
  const { stdout: manifest } = await run('tar', ['-xzOf', filename, 'package/package.json'], target)
  const { stdout: list } = await run('tar', ['-tzf', filename], target)
  return { name, file: filename, manifest: JSON.parse(manifest), files: list.trim().split('\n') }
}

/** Runs a program to its end. Rejects with its output when it fails. */
export function run(file, args, cwd, env = {}) {
  const shell = process.platform === 'win32' && !file.endsWith('.exe')
  // What npm tells its scripts about this checkout would be taken for settings of the scratch project.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_|^INIT_CWD$/i.test(name))
  const options = {
    cwd,
    shell,
    env: { ...Object.fromEntries(inherited), ...env },
    maxBuffer: 1 << 26,
    timeout: 120_000,
  }
  const running = promisify(execFile)(file, args, options)
  running.child.stdin.end()
  return running
}
