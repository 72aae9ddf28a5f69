// Packs every package as it would be published and uses the tarballs the way a stranger does: in a folder of their own,
// as built JavaScript, on plain Node.
import { execFile } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { consumerFiles } from './pack/consumer.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const keep = process.argv.includes('--keep')
const scratch = mkdtempSync(join(tmpdir(), 'halter-pack-'))
const consumer = join(scratch, 'consumer')
const problems = []

try {
  await main()
} finally {
  if (keep) console.log(`The scratch project is ${consumer}.`)
  else rmSync(scratch, { recursive: true, force: true })
}
if (problems.length > 0) console.error(problems.join('\n'))
process.exitCode = problems.length > 0 ? 1 : 0

async function main() {
  const packages = publishable()
  if (!(await build(packages))) return
  const packed = await Promise.all(packages.map(pack))
  await Promise.all(packed.map(lint))
  if (problems.length > 0 || !(await install(packed))) return
  await useThem(packed)
}

function publishable() {
  const manifests = globSync(['packages/*/package.json', 'prompts/package.json'], { cwd: root })
  return manifests.sort().flatMap((file) => {
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8'))
    return manifest.private ? [] : [{ name: manifest.name, folder: join(root, file, '..') }]
  })
}

/** From nothing: a file left by an older build must not find its way into a tarball. */
async function build(packages) {
  const compiled = packages
    .map(({ folder }) => folder)
    .filter((folder) => globSync('tsconfig.json', { cwd: folder }).length > 0)
  for (const folder of compiled) rmSync(join(folder, 'dist'), { recursive: true, force: true })
  return await attempt(
    'build',
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...compiled],
    root,
  )
}

async function pack({ name, folder }) {
  const { stdout } = await run('pnpm', ['pack', '--json', '--pack-destination', scratch], folder)
  const { filename } = JSON.parse(stdout)
  const { stdout: manifest } = await run('tar', ['-xzOf', filename, 'package/package.json'], scratch)
  const { stdout: list } = await run('tar', ['-tzf', filename], scratch)
  return { name, file: filename, manifest: JSON.parse(manifest), files: list.trim().split('\n') }
}

async function lint({ name, file, manifest, files }) {
  const complain = (text) => problems.push(`${name}: ${text}`)
  const { messages } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(file)).buffer },
    strict: true,
  })
  for (const message of messages) complain(formatMessage(message, manifest) ?? message.code)
  const text = JSON.stringify(manifest)
  if (/"(workspace|catalog):/.test(text))
    complain('its packed manifest still says "workspace:" or "catalog:"')
  if (text.includes('./src/')) complain('its packed manifest leads to sources')
  for (const needed of ['package/LICENSE', 'package/README.md'])
    if (!files.includes(needed)) complain(`has no ${needed.slice('package/'.length)} in its tarball`)
  for (const path of files) if (/\.tsbuildinfo$|\/(src|test)\//.test(path)) complain(`packs ${path}`)
}

/** With pnpm, whose strict layout also finds a dependency that is used but not declared. */
async function install(packed) {
  mkdirSync(consumer)
  const range = (name) => `file:${packed.find((each) => each.name === name).file}`
  const dependencies = Object.fromEntries(packed.map(({ name }) => [name, range(name)]))
  const {
    vitest,
    typescript,
    '@types/node': types,
  } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies
  const manifest = {
    private: true,
    type: 'module',
    dependencies,
    devDependencies: { vitest, typescript, '@types/node': types },
  }
  const overrides = Object.entries(dependencies).map(([name, file]) => `  '${name}': '${file}'`)
  writeFileSync(join(consumer, 'package.json'), JSON.stringify(manifest, null, 2))
  writeFileSync(join(consumer, 'pnpm-workspace.yaml'), `overrides:\n${overrides.join('\n')}\n`)
  for (const [name, text] of Object.entries(consumerFiles(packed))) writeFileSync(join(consumer, name), text)
  return await attempt('install', 'pnpm', ['install', '--prefer-offline', '--reporter=append-only'], consumer)
}

async function useThem(packed) {
  await attempt('import on plain Node', process.execPath, ['import.mjs'], consumer)
  await attempt(
    'type-check',
    process.execPath,
    [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'],
    consumer,
  )
  await attempt(
    'import in vitest',
    process.execPath,
    [join('node_modules', 'vitest', 'vitest.mjs'), 'run'],
    consumer,
  )
  await useCommandLine(packed.find(({ name }) => name === 'halter').manifest.version)
}

/** The installed binary knows its version, and the offline demo model answers. */
async function useCommandLine(version) {
  const bin = join(consumer, 'node_modules', '.bin', 'halter')
  const env = { HALTER_HOME: join(scratch, 'home') }
  await attempt('halter --version', bin, ['--version'], consumer, {
    env,
    expect: (stdout) => stdout.trim() === version,
  })
  await attempt('halter run', bin, ['run', '--model', 'demo', 'What is here?'], consumer, {
    env,
    expect: (stdout) => stdout.trim() !== '',
  })
}

/** Returns whether the command ended with 0 and wrote what `expect` accepts; if not, its output is a problem. */
async function attempt(what, file, args, cwd, { env = {}, expect = () => true } = {}) {
  const { stdout, stderr, message } = await run(file, args, cwd, env).catch((error) => error)
  if (message === undefined && expect(stdout)) return true
  problems.push(
    `${what} failed:\n${[stdout, stderr].filter(Boolean).join('\n').trim() || (message ?? 'it wrote nothing')}`,
  )
  return false
}

function run(file, args, cwd, env = {}) {
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
