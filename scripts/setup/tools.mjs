// `.tools/`: programs fetched from the npm registry for this checkout, because the machine's own are too old.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '')
export const toolsFolder = join(root, '.tools')
/** Holds whatever was fetched under its usual name: put it first on PATH to work in this checkout by hand. */
export const binFolder = join(toolsFolder, 'bin')

/** Says what takes time, on stderr. */
export const say = (text) => console.error(`[setup] ${text}`)

/**
 * Installs one npm package below `.tools/<tool>`, without running any install script.
 * One prefix per tool: npm, told to install B without saving into the prefix of A, removes A.
 */
export async function fetchTool(tool, spec) {
  const prefix = join(toolsFolder, tool)
  mkdirSync(prefix, { recursive: true })
  const flags = [
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const { code } = await runNpm(['install', '--prefix', prefix, ...flags, spec])
  if (code !== 0)
    throw new Error(`npm could not install ${spec} (exit ${code}). Is the npm registry reachable?`)
  return join(prefix, 'node_modules')
}

/** Makes `file` callable as `name` from `.tools/bin`. */
export function exposeTool(name, file) {
  mkdirSync(binFolder, { recursive: true })
  const link = join(binFolder, process.platform === 'win32' ? `${name}.cmd` : name)
  rmSync(link, { force: true })
  if (process.platform === 'win32') writeFileSync(link, `@"${file}" %*\r\n`)
  else symlinkSync(file, link)
}

/** Runs a program with its output on our stderr, or captured. Resolves when it ends, whatever its exit code. */
export function run(file, args, { capture = false, env = process.env, shell = false } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = capture ? ['ignore', 'pipe', 'ignore'] : ['ignore', 2, 2]
    const child = spawn(file, args, { cwd: root, env, stdio, shell })
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output: output.trim() }))
  })
}

function runNpm(args) {
  const cli = process.env.npm_execpath
  if (cli && basename(cli) === 'npm-cli.js') return run(process.execPath, [cli, ...args])
  if (process.platform !== 'win32') return run('npm', args)
  // On Windows npm is a batch file, which only a shell can start; the one beside node needs none.
  const beside = join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js')
  return run(process.execPath, [beside, ...args])
}

/** Runs `work` while no other process of this checkout does the same; a lock left by a dead process is taken. */
export async function locked(work) {
  const lock = join(toolsFolder, 'lock')
  mkdirSync(toolsFolder, { recursive: true })
  for (let waited = false; !tryLock(lock); waited = true) {
    if (!waited) say('another process is setting up this checkout; waiting for it')
    await sleep(200)
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  if (!isAlive(lockOwner(lock))) rmSync(lock, { force: true })
  return false
}

/** The process that holds the lock; our own while the file is gone again, or not written yet. */
function lockOwner(lock) {
  try {
    return Number(readFileSync(lock, 'utf8')) || process.pid
  } catch {
    return process.pid
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
