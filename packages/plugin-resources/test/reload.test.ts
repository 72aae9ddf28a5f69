import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { definePlugin, type ResourceSource, type Watcher } from '@halter/core'
import { createTestRuntime } from '@halter/core/testing'
import system from '@halter/plugin-system'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ResourceFiles } from '../src/index.ts'
import resources from '../src/index.ts'
import { settle, skillText, tempFolder, write } from './support.ts'

const collect = ((): (() => void) => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

/** Heap in use after everything that can go has gone. Bytes. */
async function heap(): Promise<number> {
  for (let index = 0; index < 4; index++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** What the kernel holds for this process: file descriptors, and the watches of its inotify instances. */
function handles(): { readonly descriptors: number; readonly watches: number } {
  const descriptors = readdirSync('/proc/self/fd')
  const watches = descriptors.flatMap((fd) => {
    const info = `/proc/self/fdinfo/${fd}`
    return existsSync(info) ? (readFileSync(info, 'utf8').match(/^inotify wd:/gm) ?? []) : []
  })
  return { descriptors: descriptors.length, watches: watches.length }
}

/** The real watcher of a running system. */
async function realWatcher(): Promise<Watcher> {
  let watcher: Watcher | undefined
  const probe = definePlugin({
    name: 'test/probe',
    apiVersion: 1,
    requires: ['watcher'],
    setup: ({ services }) => {
      watcher = services.watcher
      return {}
    },
  })
  const { runtime } = await createTestRuntime({ plugins: [system, probe] })
  onTestFinished(() => runtime.shutdown().then(() => {}))
  return watcher!
}

test.skipIf(process.platform !== 'linux')(
  'a listener is called when something comes, changes or goes, and no more once it has stopped',
  async () => {
    const base = tempFolder()
    const work = join(base, 'work')
    write(work, 'file.txt', '')
    const files = new ResourceFiles({
      home: join(base, 'home'),
      userHome: join(base, 'user'),
      isTrusted: () => Promise.resolve(true),
      watcher: await realWatcher(),
    })
    await files.snapshot({ workingDir: work })
    await settle()
    files.onChange(() => {})() // the first watch opens what all of them share
    const before = handles()
    const listener = vi.fn<() => void>()
    const stop = files.onChange(listener)
    const called = async (change: () => void): Promise<void> => {
      listener.mockClear()
      change()
      await vi.waitFor(() => expect(listener).toHaveBeenCalled(), { timeout: 5_000 })
      await files.snapshot({ workingDir: work })
      await settle()
    }
    await called(() => {
      write(base, 'home/skills/a/SKILL.md', skillText('a'))
      write(base, 'home/skills/a/scripts/run.sh', 'echo')
    })
    await called(() => write(base, 'home/skills/a/SKILL.md', skillText('a', 'Other.')))
    await called(() => write(work, '.claude/skills/b/SKILL.md', skillText('b')))
    await called(() => write(work, '.claude/skills/deep/c/SKILL.md', skillText('c')))
    await called(() => write(work, '.claude/settings.json', '{"hooks":{}}'))
    await called(() => write(work, 'AGENTS.md', 'Be kind.'))
    await called(() => rmSync(join(work, '.claude/skills/b'), { recursive: true }))
    listener.mockClear()
    write(work, 'src/main.ts', 'export {}')
    write(work, '.claude/projects/log.jsonl', '{}')
    write(base, 'home/skills/a/scripts/run.sh', 'echo')
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(listener, 'of other files nothing is told').not.toHaveBeenCalled()
    stop()
    expect(handles()).toEqual(before)
    write(work, '.claude/skills/d/SKILL.md', skillText('d'))
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(listener).not.toHaveBeenCalled()
  },
)

test.skipIf(process.platform !== 'linux')('folders that are forgotten are not watched any more', async () => {
  const base = tempFolder()
  const files = new ResourceFiles({
    home: join(base, 'home'),
    userHome: join(base, 'user'),
    watcher: await realWatcher(),
  })
  const stop = files.onChange(() => {})
  const visit = async (from: number, to: number): Promise<void> => {
    for (let index = from; index < to; index++) {
      write(base, `work${index}/AGENTS.md`, 'Be kind.')
      await files.snapshot({ workingDir: join(base, `work${index}`) })
    }
  }
  await visit(0, 100)
  const { watches } = handles()
  await visit(100, 150)
  expect(watches).toBeGreaterThan(100)
  expect(handles().watches).toBe(watches)
  stop()
  expect(handles().watches).toBe(0)
})

test.skipIf(process.platform !== 'linux')(
  '1,000 reloads leak no memory, no watch and no descriptor',
  async () => {
    const base = tempFolder()
    const work = join(base, 'work')
    write(work, 'AGENTS.md', 'Be kind.')
    for (let index = 0; index < 20; index++)
      write(
        base,
        `home/skills/s${index}/SKILL.md`,
        skillText(`s${index}`, 'x'.repeat(200), 'y'.repeat(4_000)),
      )
    const files = new ResourceFiles({
      home: join(base, 'home'),
      userHome: join(base, 'user'),
      watcher: await realWatcher(),
    })
    let calls = 0
    const stop = files.onChange(() => (calls += 1))
    const revisions = new Set<string>()
    const reload = async (index: number): Promise<void> => {
      // Every file in turn is edited, and one comes and goes.
      write(
        base,
        `home/skills/s${index % 20}/SKILL.md`,
        skillText(`s${index % 20}`, `version ${index}`, 'y'.repeat(4_000)),
      )
      if (index % 10 === 0) write(base, 'home/skills/guest/SKILL.md', skillText('guest', `${index}`))
      if (index % 10 === 5) rmSync(join(base, 'home/skills/guest'), { recursive: true })
      const { revision, skills } = await files.snapshot({ workingDir: work })
      expect(skills.find(({ name }) => name === `s${index % 20}`)!.description).toBe(`version ${index}`)
      revisions.add(revision)
    }
    for (let index = 0; index < 200; index++) await reload(index)
    const [heapBefore, handlesBefore] = [await heap(), handles()]
    for (let index = 200; index < 1_200; index++) await reload(index)
    const [heapAfter, handlesAfter] = [await heap(), handles()]
    expect(revisions.size).toBe(1_200)
    expect(handlesAfter).toEqual(handlesBefore)
    expect(heapAfter - heapBefore).toBeLessThan(2 * 1024 * 1024)
    await vi.waitFor(() => expect(calls).toBeGreaterThan(0))
    stop()
    expect(handles().watches).toBe(0)
  },
  60_000,
)

test.skipIf(process.platform !== 'linux')('1,000 sessions of a folder read each file once', async () => {
  const base = tempFolder()
  vi.stubEnv('HALTER_HOME', join(base, 'home'))
  vi.stubEnv('HOME', join(base, 'user'))
  onTestFinished(() => void vi.unstubAllEnvs())
  write(base, 'work/AGENTS.md', 'Be kind.')
  for (let index = 0; index < 20; index++)
    write(base, `home/skills/s${index}/SKILL.md`, skillText(`s${index}`))
  await settle()
  let source: ResourceSource | undefined
  const probe = definePlugin({
    name: 'test/probe',
    apiVersion: 1,
    requires: ['resources'],
    setup: ({ services }) => {
      source = services.resources
      return {}
    },
  })
  const { runtime } = await createTestRuntime({
    plugins: [resources, probe],
    script: () => ({ text: 'yes' }),
  })
  const run = async (): Promise<void> => {
    const session = await runtime.newSession({ workingDir: join(base, 'work') })
    await session.submitTurn('hi').orThrow()
    await session.shutdown()
  }
  await run()
  const files = source as ResourceFiles
  const { reads } = files
  for (let index = 0; index < 1_000; index++) await run()
  expect(files.reads).toBe(reads)
  await runtime.shutdown()
})
