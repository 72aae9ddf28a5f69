import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isGone, thisHolder } from '../../src/session/lease-holder.ts'

const self = thisHolder('me')

/** A process of its own, until the test is over. */
function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Whether processes can be started here that see only themselves, as in a container. */
function canUnshare(): boolean {
  return spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0
}

/** Fields of /proc/PID/stat from the third on; undefined when there is no such process. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return undefined
  }
}

/** The holder that a process would be. */
function holderOf(pid: number) {
  return { ...self, owner: 'other', pid, pidStartTime: statOf(pid)?.[19] ?? '' }
}

describe('this process, as a holder,', () => {
  test('is itself, and there', () => {
    expect(self).toMatchObject({ owner: 'me', pid: process.pid })
    expect(self.host).toContain(hostname())
    expect(isGone(self)).toBe(false)
  })

  test('of another start of the host is gone', () => {
    expect(isGone({ ...self, bootId: 'another start' })).toBe(self.bootId !== '')
    expect(isGone({ ...self, bootId: '' })).toBe(false) // nobody can tell
  })

  test('on another host may well be there, whatever its pid', () => {
    for (const pid of [self.pid, 2 ** 22 + 1])
      expect(isGone({ ...self, host: 'elsewhere', bootId: 'other', pid })).toBe(false)
  })
})

describe.skipIf(process.platform !== 'linux')('another process of this host', () => {
  test('is there as long as it runs, and gone when it has ended', async () => {
    const child = start(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const holder = holderOf(child.pid!)
    expect(holder.pidStartTime).toMatch(/^\d+$/)
    expect(isGone(holder)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isGone(holder)).toBe(true)
  })

  test.runIf(canUnshare())(
    'with pids of its own is never known to be gone: its pids mean nothing here',
    async () => {
      const { pathname } = new URL('../../src/session/lease-holder.ts', import.meta.url)
      const code = `import { thisHolder } from ${JSON.stringify(pathname)}
      console.log(JSON.stringify(thisHolder('contained')))
      setInterval(() => {}, 1000)`
      const args = [
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        process.execPath,
        '--input-type=module',
        '-e',
        code,
      ]
      const child = start('unshare', args)
      const [line] = (await once(child.stdout!, 'data')) as [Buffer]
      const holder = JSON.parse(String(line)) as typeof self
      expect(holder).toMatchObject({ pid: 1, bootId: self.bootId })
      expect(holder.host).toContain(hostname())
      expect(isGone(holder)).toBe(false)
    },
  )

  test('whose pid another one has now is gone', () => {
    expect(isGone({ ...self, pidStartTime: '1' })).toBe(true)
    expect(isGone({ ...self, pidStartTime: '' })).toBe(false) // it could not be read then
  })

  test('that has ended and that its parent has not asked for is gone', async () => {
    // The shell becomes a program that never asks for the child it had.
    const parent = start('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 20'])
    const [line] = (await once(parent.stdout!, 'data')) as [Buffer]
    const zombie = Number(String(line))
    while (statOf(zombie) && statOf(zombie)?.[0] !== 'Z') await sleep(5)
    expect(statOf(zombie)?.[0]).toBe('Z')
    expect(isGone(holderOf(zombie))).toBe(true)
    expect(isGone(holderOf(parent.pid!))).toBe(false)
  })
})
