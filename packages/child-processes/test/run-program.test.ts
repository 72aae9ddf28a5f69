import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  endProcesses,
  findExecutable,
  findProcesses,
  passedEnvironment,
  runProgram,
} from '@halter/child-processes'
import type { ProgramRequest, ProgramResult } from '@halter/child-processes'
import { describe, expect, it } from 'vitest'

const isLinux = process.platform === 'linux'

function run(script: string, more: Partial<ProgramRequest> = {}): Promise<ProgramResult> {
  const value = randomUUID()
  return runProgram({
    program: '/bin/sh',
    args: ['-c', script],
    workingDir: tmpdir(),
    env: { ...passedEnvironment(process.env), ACME_MARK: value },
    mark: `ACME_MARK=${value}`,
    maxOutputBytes: 10_000,
    maxFloodBytes: 10_000_000,
    signal: new AbortController().signal,
    onEnding: () => {},
    ...more,
  })
}

describe.skipIf(process.platform === 'win32')('a program', () => {
  it('gets its input while it runs, and its outputs are kept apart', async () => {
    const result = await run('read a; read b; echo "$a+$b"; echo oops >&2; exit 3', { input: 'one\ntwo\n' })
    expect(result).toMatchObject({ how: 'exited', exitCode: 3, exitSignal: null, hasBackground: false })
    expect([result.stdout.text(), result.stderr.text()]).toEqual(['one+two\n', 'oops\n'])
  })

  it('without input reads nothing, at once', async () => {
    expect((await run('cat; echo done')).stdout.text()).toBe('done\n')
  })

  it('that cannot be started is an error with its code', async () => {
    await expect(run('true', { program: '/nowhere/at/all' })).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(run('true', { workingDir: '/nowhere' })).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(run('true \0')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
  })

  it('is told from one that a signal ended', async () => {
    expect(await run('kill -SEGV $$')).toMatchObject({ how: 'exited', exitCode: null, exitSignal: 'SIGSEGV' })
  })

  it.runIf(isLinux)('that is stopped leaves nothing, and what it wrote is kept', async () => {
    const signal = AbortSignal.timeout(300)
    const result = await run(`trap '' TERM; echo begun; setsid sleep 77 & sleep 77; sleep 77`, { signal })
    expect(result.how).toBe('stopped')
    expect(result.stdout.text()).toBe('begun\n')
    expect(await findProcesses({ ...result.tree, known: new Map() })).toEqual([])
  })

  it('that floods is stopped, and what is kept of it is bounded', async () => {
    const result = await run('yes 0123456789')
    expect(result.how).toBe('flooded')
    expect(result.stdout.total).toBeGreaterThan(10_000_000)
    expect(Buffer.byteLength(result.stdout.text())).toBeLessThan(11_000)
    expect(result.stdout.isCut).toBe(true)
  })

  it.runIf(isLinux)(
    'that exits leaves in the background what it left there, to be ended by its mark',
    async () => {
      const result = await run('sleep 77 & setsid sleep 77 & echo done')
      expect(result).toMatchObject({ how: 'exited', hasBackground: true })
      const { mark, since } = result.tree
      expect(await findProcesses({ mark, since, known: new Map() })).toHaveLength(2)
      await endProcesses({ mark, since })
      expect(await findProcesses({ mark, since, known: new Map() })).toEqual([])
    },
  )
})

describe.skipIf(process.platform === 'win32')('a program that is looked up', () => {
  it('is the first of its names that may be run, in the order of the names and then of the folders', async () => {
    const base = mkdtempSync(join(tmpdir(), 'halter-path-'))
    const put = (path: string, mode: number): void => {
      mkdirSync(join(base, path, '..'), { recursive: true })
      writeFileSync(join(base, path), '')
      chmodSync(join(base, path), mode)
    }
    put('a/acme', 0o644)
    put('b/acme', 0o755)
    put('a/other', 0o755)
    const path = `${join(base, 'a')}:relative::${join(base, 'b')}`
    expect(await findExecutable(['acme', 'other'], path)).toBe(join(base, 'b/acme'))
    expect(await findExecutable(['nothing', 'other'], path)).toBe(join(base, 'a/other'))
    expect(await findExecutable(['nothing'], path)).toBeUndefined()
    expect(await findExecutable(['acme'], undefined)).toBeUndefined()
    rmSync(base, { recursive: true })
  })
})

it('an environment passes on what every program needs, and no secret', () => {
  const own = {
    PATH: '/bin',
    HOME: '/root',
    LC_TIME: 'C',
    ACME_API_KEY: 'canary',
    LCX: 'no',
    UNSET: undefined,
  }
  expect(passedEnvironment(own)).toEqual({ PATH: '/bin', HOME: '/root', LC_TIME: 'C' })
})
