import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  defineTool,
  jsonSchema,
  type PluginEntry,
  type ResourceSnapshot,
  type SessionHandle,
  type Tool,
} from '@halter/core'
import { createTestRuntime, type TestRuntimeOptions } from '@halter/core/testing'
import promptDefault from '@halter/plugin-prompt-default'
import type { StoredEvent, StoredEventType } from '@halter/protocol'
import { expectStablePrefix, testPlugin } from '@halter/testkit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { describeChange } from '../src/announce.ts'
import resources, { ResourceFiles } from '../src/index.ts'
import { corpus, skillText, tempFolder, write } from './support.ts'

let base: string
let work: string
beforeEach(() => {
  base = tempFolder()
  work = join(base, 'work')
  vi.stubEnv('HALTER_HOME', join(base, 'home'))
  vi.stubEnv('HOME', join(base, 'user'))
  write(work, 'file.txt', '')
})
afterEach(() => vi.unstubAllEnvs())

/** A runtime with real prompts over real files; each turn is one call of a model that says yes, unless `script` says otherwise. */
async function start({ script = () => ({ text: 'yes' }), ...rest }: TestRuntimeOptions = {}) {
  const plugins: PluginEntry[] = [promptDefault, resources]
  const started = await createTestRuntime({ plugins, script, ...rest })
  const shown = (): string[] => started.provider.requests.map(({ system }) => JSON.stringify(system))
  return { ...started, shown, session: await started.runtime.newSession({ workingDir: work }) }
}

async function events<T extends StoredEventType>(
  session: SessionHandle,
  type: T,
): Promise<readonly StoredEvent<T>[]> {
  const all = await Array.fromAsync(session.replay())
  return all.filter((event) => event.type === type) as unknown as StoredEvent<T>[]
}

function putSkill(name: string, description?: string, body?: string): void {
  write(base, `home/skills/${name}/SKILL.md`, skillText(name, description, body))
}

describe('an edit', () => {
  test('is used from the next turn on; a running turn keeps what it began with', async () => {
    putSkill('rhyme', 'Makes verses.')
    const script = [{ toolCalls: [{ name: 'edit_skill' }] }, { text: 'one' }, { text: 'two' }]
    const { runtime, shown } = await start({ script })
    const session = await runtime.newSession({
      workingDir: work,
      tools: [doing('edit_skill', () => putSkill('rhyme', 'Makes better verses.'))],
    })
    await session.submitTurn('first').orThrow()
    await session.submitTurn('second').orThrow()
    const [before, during, after] = shown()
    expect(before).toContain('rhyme: Makes verses.')
    expect(during, 'byte for byte').toBe(before)
    expect(after).toBe(before!.replace('Makes verses.', 'Makes better verses.'))
    const [first, second] = (await events(session, 'turn.started')).map(({ revision }) => revision)
    expect(second).not.toBe(first)
    expect(await events(session, 'cache.broken')).toMatchObject([{ segment: 'skills' }])
    expect(await events(session, 'notification.raised')).toMatchObject([
      {
        kind: 'resources',
        message: `Resources have changed: changed skill "rhyme". Revision ${first!.slice(0, 8)} → ${second!.slice(0, 8)}.`,
      },
    ])
    await runtime.shutdown()
  })

  test('of what the prompt does not show leaves the cached prefix as it is', async () => {
    putSkill('rhyme', 'Makes verses.', 'One line.')
    cpSync(join(corpus, 'claude/deploy-tools'), join(base, 'home/plugins/deploy-tools'), { recursive: true })
    const { runtime, session, shown } = await start()
    await session.submitTurn('one').orThrow()
    putSkill('rhyme', 'Makes verses.', 'Two lines.')
    await session.submitTurn('two').orThrow()
    writeFileSync(join(base, 'home/plugins/deploy-tools/hooks/hooks.json'), '{"hooks":{}}')
    await session.submitTurn('three').orThrow()
    write(base, 'home/plugins/deploy-tools/agents/new.md', '---\ndescription: New.\n---\nBe new.')
    await session.submitTurn('four').orThrow()
    expect(new Set(shown()).size).toBe(1)
    expect(await events(session, 'cache.broken')).toEqual([])
    const revisions = (await events(session, 'turn.started')).map(({ revision }) => revision)
    expect(new Set(revisions).size).toBe(4)
    expect(
      (await events(session, 'notification.raised')).map(({ message }) => message.split('.')[0]),
    ).toEqual([
      'Resources have changed: changed skill "rhyme"',
      `Resources have changed: changed hooks of "${join(base, 'home/plugins/deploy-tools/hooks/hooks')}`,
      'Resources have changed: new agent "new"',
    ])
    await runtime.shutdown()
  })

  test('by somebody who saves the same again changes nothing and says nothing', async () => {
    putSkill('rhyme')
    const { runtime, session } = await start()
    await session.submitTurn('one').orThrow()
    putSkill('rhyme')
    await session.submitTurn('two').orThrow()
    expect(await events(session, 'notification.raised')).toEqual([])
    await runtime.shutdown()
  })

  test('that breaks a skill takes that skill away with a warning, and a repair brings it back', async () => {
    putSkill('a')
    putSkill('b')
    const { runtime, session, shown } = await start()
    await session.submitTurn('one').orThrow()
    write(base, 'home/skills/a/SKILL.md', '')
    await session.submitTurn('two').orThrow()
    await session.submitTurn('three').orThrow()
    putSkill('a')
    await session.submitTurn('four').orThrow()
    const [good, broken, still, repaired] = shown()
    expect(broken).not.toContain('- a:')
    expect(broken).toContain('- b:')
    expect(still).toBe(broken)
    expect(repaired).toBe(good)
    const warnings = await events(session, 'warning.raised')
    expect(warnings.map(({ message, plugin }) => [message, plugin])).toEqual([
      [
        `${join(base, 'home/skills/a/SKILL.md')}: It has no text. Write below the front matter what is to be done.`,
        '@halter/plugin-resources',
      ],
    ])
    await runtime.shutdown()
  })

  test('many warnings are told in a few events', async () => {
    for (let index = 0; index < 20; index++) write(base, `home/skills/s${index}/SKILL.md`, '')
    const { runtime, session } = await start()
    await session.submitTurn('one').orThrow()
    const messages = (await events(session, 'warning.raised')).map(({ message }) => message)
    expect(messages).toHaveLength(6)
    expect(messages.at(-1)).toBe('15 more warnings about resources: "halter resources" lists them.')
    await runtime.shutdown()
  })
})

test('replaceResources takes the place of files, and gives it back', async () => {
  putSkill('of-files')
  const { runtime, session, shown } = await start()
  await session.submitTurn('one').orThrow()
  const other: ResourceSnapshot = await new ResourceFiles({
    home: join(base, 'nowhere'),
    userHome: join(base, 'nowhere'),
    skills: [join(corpus, 'skills')],
  }).snapshot({ workingDir: work })
  runtime.replaceResources(other)
  await session.submitTurn('two').orThrow()
  runtime.replaceResources(undefined)
  await session.submitTurn('three').orThrow()
  const [first, second, third] = shown()
  expect(first).toContain('of-files')
  expect(second).toContain('pdf-forms')
  expect(second).not.toContain('of-files')
  expect(third).toBe(first)
  await runtime.shutdown()
})

test('a prompt with skills, agents, commands, hooks and instructions has a stable prefix', async () => {
  for (const name of ['z', 'a', 'm']) putSkill(name)
  write(base, 'home/AGENTS.md', 'Be kind.')
  await expectStablePrefix([promptDefault, [resources, { roots: [join(corpus, 'claude')] }]])
})

describe('what has changed, in a line', () => {
  const snapshot = async (folder: string): Promise<ResourceSnapshot> =>
    await new ResourceFiles({ home: join(base, 'h'), userHome: join(base, 'u'), roots: [folder] }).snapshot({
      workingDir: work,
    })

  test('names what came, changed and went, and no more than ten of them', async () => {
    const root = join(base, 'plugin')
    cpSync(join(corpus, 'claude/deploy-tools'), root, { recursive: true })
    const before = await snapshot(root)
    rmSync(join(root, 'agents'), { recursive: true })
    write(root, 'commands/status.md', 'Other.')
    write(root, 'skills/new/SKILL.md', skillText('new'))
    const after = await snapshot(root)
    expect(describeChange(before, after)).toBe(
      `Resources have changed: new skill "new", removed agent "ops:on-call", removed agent "reviewer", changed command "status". Revision ${before.revision.slice(0, 8)} → ${after.revision.slice(0, 8)}.`,
    )
    for (let index = 0; index < 20; index++) write(root, `skills/s${index}/SKILL.md`, skillText(`s${index}`))
    expect(describeChange(after, await snapshot(root))).toContain('"s17" and 10 more. Revision')
  })
})

testPlugin('@halter/plugin-resources', { entry: () => [resources, { roots: [join(corpus, 'claude')] }] })

function doing(name: string, run: () => void): Tool {
  return defineTool({
    name,
    description: 'Does something.',
    input: jsonSchema<object>({ type: 'object', properties: {} }),
    effects: 'none',
    concurrency: 'exclusive',
    execute: () => {
      run()
      return 'done'
    },
  })
}
