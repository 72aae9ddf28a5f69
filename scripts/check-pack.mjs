// Packs every package as it would be published and uses the tarballs the way a stranger does: in a folder of their own,
// as built JavaScript, on plain Node.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { consumerFiles } from './pack/consumer.mjs'
import { build, pack, publishable, root, run } from './pack/packages.mjs'

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
  try {
    await build(packages)
  } catch (error) {
    problems.push(`build failed:\n${error.stdout || error.message}`)
    return
  }
  const packed = await Promise.all(packages.map((each) => pack(each, scratch)))
  await Promise.all(packed.map(lint))
  if (problems.length > 0 || !(await install(packed))) return
  await useThem(packed)
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
  await useOutsidePlugin()
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

/** A store that somebody else wrote, in a folder of theirs: a configuration is all that puts it in the place of ours. */
async function useOutsidePlugin() {
  const bin = join(consumer, 'node_modules', '.bin', 'halter')
  const folder = join(consumer, 'journal')
  const journal = join(folder, 'journal.jsonl')
  mkdirSync(folder)
  copyFileSync(join(root, 'examples', 'custom-store.ts'), join(folder, 'journal-store.ts'))
  writeFileSync(
    join(folder, 'halter.config.json'),
    JSON.stringify({ plugins: [['./journal-store.ts', { path: journal }]] }),
  )
  const env = { HALTER_HOME: join(scratch, 'outside-home') }
  await attempt(
    'a session in an outside store',
    bin,
    ['run', '--trust', '--title', 'outside', 'Hello'],
    folder,
    {
      env,
      expect: () => existsSync(journal),
    },
  )
  await attempt('the list of an outside store', bin, ['sessions', 'list', '--trust'], folder, {
    env,
    expect: (stdout) => stdout.includes('outside'),
  })
  await attempt('the list of the default store', bin, ['sessions', 'list'], consumer, {
    env,
    expect: (stdout) => !stdout.includes('outside'),
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
