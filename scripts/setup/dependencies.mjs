// The workspace's dependencies: installed from the lockfile when they, or a manifest, have changed.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exposeTool, fetchTool, locked, root, run, say } from './tools.mjs'

const fetchedPnpm = '12.21.0'
const minimumPnpmMajor = 12
const stampFile = join(root, 'node_modules', '.halter-install')

/** Does nothing, in a few milliseconds, when what is installed is what the lockfile and the manifests say. */
export async function installDependencies(node) {
  if (isInstalled()) return
  await locked(async () => {
    if (isInstalled()) return
    const pnpm = await findPnpm(node)
    say('installing dependencies')
    // --trust-lockfile: integrity hashes are checked; what is skipped asks the registry about every release's age.
    const flags = ['--frozen-lockfile', '--trust-lockfile', '--reporter=append-only', '--loglevel=warn']
    const { code } = await run(pnpm, ['install', ...flags], { env: node.env, shell: needsShell(pnpm) })
    if (code !== 0)
      throw new Error(
        `pnpm install ended with ${code}. After a change to a package.json, run "pnpm install".`,
      )
    writeFileSync(stampFile, fingerprint())
  })
}

function isInstalled() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint()
}

/** A hash of everything that decides what an install puts where. */
function fingerprint() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests()])
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

function manifests() {
  const folders = [
    '.',
    'prompts',
    'docs',
    'examples',
    'bench',
    'reliability',
    ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`),
  ]
  return folders
    .map((folder) => `${folder}/package.json`)
    .filter((file) => existsSync(join(root, file)))
    .sort()
}

async function findPnpm(node) {
  const own = await run('pnpm', ['--version'], {
    capture: true,
    env: node.env,
    shell: needsShell('pnpm'),
  }).catch(() => undefined)
  if (own?.code === 0 && Number.parseInt(own.output) >= minimumPnpmMajor) return 'pnpm'
  say(`halter is built with pnpm ${minimumPnpmMajor}; fetching ${fetchedPnpm} into .tools/ (once, about 5 s)`)
  const modules = await fetchTool('pnpm', `pnpm@${fetchedPnpm}`)
  const file = nativePnpm(modules)
  exposeTool('pnpm', file)
  return file
}

/** pnpm's own package only hands over to the binary for this platform, which its install script would have put in place. */
function nativePnpm(modules) {
  const [folder] = readdirSync(join(modules, '@pnpm')).filter((name) => name.startsWith('exe.'))
  if (!folder)
    throw new Error(
      `pnpm has no build for ${process.platform}-${process.arch}. Install pnpm ${minimumPnpmMajor} yourself.`,
    )
  return join(modules, '@pnpm', folder, process.platform === 'win32' ? 'pnpm.exe' : 'pnpm')
}

/** A command from PATH is a batch file on Windows, and only a shell can start one. */
const needsShell = (command) => process.platform === 'win32' && command === 'pnpm'
