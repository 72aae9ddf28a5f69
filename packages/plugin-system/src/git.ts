import { access } from 'node:fs/promises'
import { devNull } from 'node:os'
import { dirname, join } from 'node:path'

/** What a prompt tells of a working copy. */
export interface GitFacts {
  /** The branch, or the short id of a commit that is checked out without one. */
  readonly branch: string
  /** True when a tracked file differs from the newest commit, or an untracked one is not ignored. */
  readonly isDirty: boolean
}

/**
 * Asks git about the repository around `workingDir`; undefined where there is none, no git, or no answer before `signal`.
 * A folder outside a repository costs no process. The repository may be hostile: nothing that its configuration names is run.
 */
export async function readGitFacts(workingDir: string, signal: AbortSignal): Promise<GitFacts | undefined> {
  if (!(await isInRepository(workingDir)) || signal.aborted) return undefined
  const neutral = await filterOverrides(workingDir, signal)
  if (!neutral) return undefined
  const branch = { name: undefined as string | undefined, commit: '' }
  let isDirty = false
  const exitCode = await runGit(
    workingDir,
    [...neutral, 'status', '--porcelain=v2', '--branch', '--untracked-files=normal', ...QUIET_STATUS],
    signal,
    (line) => {
      if (line.startsWith('# branch.oid ')) branch.commit = line.slice('# branch.oid '.length)
      else if (line.startsWith('# branch.head ')) branch.name = line.slice('# branch.head '.length)
      else if (line !== '' && !line.startsWith('#')) isDirty = true
      return isDirty // headers come first: nothing after the first entry is of interest
    },
  )
  if (branch.name === undefined || (exitCode !== 0 && !isDirty)) return undefined
  return { branch: branch.name === '(detached)' ? branch.commit.slice(0, 7) : branch.name, isDirty }
}

/** No look into submodules, whose configuration is one more stranger's, and no rename detection, which may fetch blobs. */
const QUIET_STATUS = ['--ignore-submodules=all', '--no-renames']

/** Programs that a repository can name for `git status` to start: all off. `-c` wins over every configuration file. */
const NO_PROGRAMS = ['-c', 'core.fsmonitor=', '-c', `core.hooksPath=${devNull}`, '-c', 'protocol.allow=never']

async function isInRepository(folder: string): Promise<boolean> {
  const candidates: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    candidates.push(join(at, '.git'))
    if (dirname(at) === at) break
  }
  const found = await Promise.all(
    candidates.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}

/**
 * `git status` runs the clean filter of a file that looks changed, and a repository's own configuration can name any program
 * as one. Their names are free, so they have to be listed before they can be overridden. Undefined: git did not answer, or a
 * name cannot be overridden (`-c` splits at the first `=`), and then nothing more is asked.
 */
async function filterOverrides(
  workingDir: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const drivers = new Set<string>()
  const args = ['config', '--name-only', '--get-regexp', '^filter\\.']
  const exitCode = await runGit(workingDir, args, signal, (line) => {
    const driver = /^(filter\..*)\.[\w-]+$/.exec(line)?.[1]
    if (driver !== undefined) drivers.add(driver)
    return false
  })
  // 1: no such key.
  if (exitCode !== 0 && exitCode !== 1) return undefined
  const names = [...drivers]
  if (names.some((name) => name.includes('='))) return undefined
  return names.flatMap((name) =>
    [`${name}.clean=`, `${name}.process=`, `${name}.required=false`].flatMap((setting) => ['-c', setting]),
  )
}

/**
 * Runs git, gives its output to `onLine` until that answers true, and resolves with the exit code, undefined when there is
 * none. Never rejects. `signal` ends the process.
 */
async function runGit(
  workingDir: string,
  args: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => boolean,
): Promise<number | undefined> {
  const { spawn } = await import('node:child_process')
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined)
    const child = spawn('git', ['--no-pager', ...NO_PROGRAMS, '-C', workingDir, ...args], {
      env: gitEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
      signal,
      killSignal: 'SIGKILL',
    })
    let rest = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (!lines.some(onLine)) return
      child.stdout.destroy()
      child.kill('SIGKILL')
    })
    child.on('error', () => resolve(undefined)) // no git, or aborted
    child.on('close', (code) => resolve(code ?? undefined))
  })
}

/** Nothing of ours reaches git but the way to its executable, and no configuration but the repository's reaches it either. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot } = process.env
  return {
    ...(PATH !== undefined && { PATH }),
    ...(SystemRoot !== undefined && { SystemRoot }),
    LC_ALL: 'C',
    GIT_ALLOW_PROTOCOL: '',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: devNull,
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
  }
}
