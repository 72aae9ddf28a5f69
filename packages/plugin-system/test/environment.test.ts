import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createClock } from '../src/clock.ts'
import { createEnvironment, type ClosableEnvironment, type EnvironmentOptions } from '../src/environment.ts'

const clock = createClock()
const open: ClosableEnvironment[] = []
let folder: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-environment-')))
})
afterEach(() => {
  for (const environment of open.splice(0)) environment.close()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

describe('environment', () => {
  test('folder, platform and the local date are always known', async () => {
    const now = new Date()
    const facts = await describeIn(folder)
    expect(facts).toEqual({ workingDir: folder, platform: process.platform, date: expect.any(String) })
    expect(facts.date).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(Number(facts.date.slice(8))).toBe(now.getDate())
  })

  test('branch and dirt are those of the repository around the folder', async () => {
    const repository = makeRepository()
    const inside = join(repository, 'a/b')
    mkdirSync(inside, { recursive: true })
    expect((await describeIn(inside)).git).toEqual({ branch: 'trunk', isDirty: false })
    writeFileSync(join(repository, 'new.txt'), 'x')
    expect((await describeIn(inside)).git).toEqual({ branch: 'trunk', isDirty: true })
  })

  test('a repository without a commit has a branch, a detached one the short id of its commit', async () => {
    const fresh = join(folder, 'fresh')
    mkdirSync(fresh)
    git(fresh, 'init', '-q', '-b', 'first')
    expect((await describeIn(fresh)).git).toEqual({ branch: 'first', isDirty: false })
    const repository = makeRepository()
    git(repository, 'checkout', '-q', '--detach')
    const commit = git(repository, 'rev-parse', 'HEAD').trim()
    expect((await describeIn(repository)).git).toEqual({ branch: commit.slice(0, 7), isDirty: false })
  })

  test('a linked worktree is a repository too', async () => {
    const repository = makeRepository()
    git(repository, 'worktree', 'add', '-q', '-b', 'side', '../side')
    expect((await describeIn(join(folder, 'side'))).git).toEqual({ branch: 'side', isDirty: false })
  })

  test('outside a repository no process is started', async () => {
    const log = fakeGit('exit 1')
    expect(await describeIn(folder)).not.toHaveProperty('git')
    expect(existsSync(log)).toBe(false)
  })

  test('without git on the path, and in a folder that does not exist, there are no facts and no error', async () => {
    const repository = makeRepository()
    vi.stubEnv('PATH', folder)
    expect(await describeIn(repository)).not.toHaveProperty('git')
    expect(await describeIn(join(folder, 'nowhere'))).not.toHaveProperty('git')
  })

  test.skipIf(process.platform === 'win32')(
    'no program that a repository names is run, and git alone would have run each of them',
    async () => {
      const repository = makeRepository()
      const program = (name: string) => {
        const file = join(folder, `${name}.sh`)
        writeFileSync(file, `#!/bin/sh\ntouch ${join(folder, `ran-${name}`)}\ncat\n`)
        chmodSync(file, 0o755)
        return file
      }
      git(repository, 'config', 'core.fsmonitor', program('fsmonitor'))
      git(repository, 'config', 'filter.evil.clean', program('clean'))
      git(repository, 'config', 'filter.evil.twin.process', program('process'))
      git(repository, 'config', 'filter.evil.required', 'true')
      mkdirSync(join(folder, 'hooks'))
      writeFileSync(join(folder, 'hooks/post-index-change'), `#!/bin/sh\ntouch ${join(folder, 'ran-hook')}\n`)
      chmodSync(join(folder, 'hooks/post-index-change'), 0o755)
      git(repository, 'config', 'core.hooksPath', join(folder, 'hooks'))
      writeFileSync(join(repository, '.gitattributes'), 'file.txt filter=evil\nother.txt filter=evil.twin\n')
      // Same length, another time: git has to look into the files, and for that it runs their filters.
      writeFileSync(join(repository, 'file.txt'), 'eno\n')
      writeFileSync(join(repository, 'other.txt'), 'owt\n')

      expect((await describeIn(repository)).git).toEqual({ branch: 'trunk', isDirty: true })
      const ran = () =>
        ['fsmonitor', 'clean', 'process', 'hook'].filter((name) => existsSync(join(folder, `ran-${name}`)))
      expect(ran()).toEqual([])
      try {
        git(repository, 'status')
      } catch {
        // The programs do not speak git's protocols.
      }
      expect(ran()).toEqual(expect.arrayContaining(['fsmonitor', 'process']))
    },
  )

  test('a filter whose name cannot be overridden costs the facts, not the safety', async () => {
    const repository = makeRepository()
    git(repository, 'config', 'filter.a=b.clean', 'false')
    expect(await describeIn(repository)).not.toHaveProperty('git')
  })

  test.skipIf(process.platform === 'win32')('nothing of our own environment reaches git', async () => {
    const repository = makeRepository()
    vi.stubEnv('HALTER_CANARY', 'secret')
    vi.stubEnv('GIT_DIR', '/nowhere')
    const log = fakeGit('env >> "$LOG"')
    await describeIn(repository)
    const seen = readFileSync(log, 'utf8')
    expect(seen).toContain('GIT_OPTIONAL_LOCKS=0')
    expect(seen).toContain('GIT_TERMINAL_PROMPT=0')
    expect(seen).not.toMatch(/HALTER_CANARY|GIT_DIR|^HOME=/m)
  })

  test.skipIf(process.platform === 'win32')(
    'a git that hangs is given up at the deadline, ended, and not asked again for a while',
    async () => {
      const repository = makeRepository()
      const log = fakeGit('echo $$ >> "$LOG"; exec sleep 60')
      const environment = start({ deadlineMs: 200 })
      const before = clock.monotonic()
      expect(await environment.describe(repository, never())).not.toHaveProperty('git')
      expect(clock.monotonic() - before).toBeLessThan(1500)
      const pid = Number(readFileSync(log, 'utf8').trim())
      await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow())
      await environment.describe(repository, never())
      await environment.describe(repository, never())
      expect(readFileSync(log, 'utf8').trim()).toBe(String(pid))
    },
  )

  test.skipIf(process.platform === 'win32')('an aborted signal ends the waiting at once', async () => {
    const repository = makeRepository()
    fakeGit('exec sleep 60')
    const controller = new AbortController()
    const environment = start({ deadlineMs: 5000 })
    const waiting = environment.describe(repository, controller.signal)
    setTimeout(() => controller.abort(), 20)
    const before = clock.monotonic()
    expect(await waiting).toMatchObject({ workingDir: repository })
    expect(clock.monotonic() - before).toBeLessThan(1000)
  })

  test.skipIf(process.platform === 'win32')(
    'many who ask at once, or soon after, share one look',
    async () => {
      const repository = makeRepository()
      const log = fakeGit('echo run >> "$LOG"; exit 1')
      const environment = start({ freshMs: 60_000 })
      await Promise.all(Array.from({ length: 20 }, () => environment.describe(repository, never())))
      await environment.describe(repository, never())
      expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual(['run', 'run']) // its filters, its status
    },
  )

  test('an answer that has gone stale is asked for again', async () => {
    const repository = makeRepository()
    const environment = start({ clock: { ...clock, monotonic: () => 0 }, freshMs: 0 })
    expect((await environment.describe(repository, never())).git).toMatchObject({ isDirty: false })
    writeFileSync(join(repository, 'new.txt'), 'x')
    expect((await environment.describe(repository, never())).git).toMatchObject({ isDirty: true })
  })
})

function start(options: Partial<EnvironmentOptions>): ClosableEnvironment {
  const environment = createEnvironment({ clock, ...options })
  open.push(environment)
  return environment
}

function describeIn(workingDir: string) {
  return start({}).describe(workingDir, never())
}

function never(): AbortSignal {
  return new AbortController().signal
}

function makeRepository(): string {
  const repository = join(folder, 'repository')
  mkdirSync(repository)
  git(repository, 'init', '-q', '-b', 'trunk')
  writeFileSync(join(repository, 'file.txt'), 'one\n')
  writeFileSync(join(repository, 'other.txt'), 'two\n')
  git(repository, 'add', '.')
  git(repository, '-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-q', '-m', 'one')
  return repository
}

function git(cwd: string, ...args: string[]): string {
  const env = { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1' }
  return execFileSync('git', args, { cwd, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Puts a `git` of ours first on the path; returns the file that `$LOG` names. */
function fakeGit(script: string): string {
  const bin = join(folder, 'bin')
  const log = join(folder, 'git.log')
  mkdirSync(bin)
  writeFileSync(join(bin, 'git'), `#!/bin/sh\nLOG='${log}'\n${script}\n`)
  chmodSync(join(bin, 'git'), 0o755)
  vi.stubEnv('PATH', `${bin}${delimiter}${process.env['PATH']}`)
  return log
}
