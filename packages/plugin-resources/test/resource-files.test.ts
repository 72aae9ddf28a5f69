import { cpSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EMPTY_RESOURCES, type ResourceSnapshot } from '@halter/core'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { ResourceFiles, type ResourceFilesOptions } from '../src/index.ts'
import { readPluginFolder } from '../src/read.ts'
import { corpus, settle, skillText, tempFolder, write } from './support.ts'

let base: string
let repo: string
let trusted: boolean
beforeEach(() => {
  base = tempFolder()
  repo = join(base, 'repo')
  trusted = true
  mkdirSync(join(repo, '.git'), { recursive: true })
})

function open(options: Partial<ResourceFilesOptions> = {}): ResourceFiles {
  return new ResourceFiles({
    home: join(base, 'home'),
    userHome: join(base, 'user'),
    isTrusted: () => Promise.resolve(trusted),
    ...options,
  })
}

async function look(files: ResourceFiles = open(), workingDir = repo): Promise<ResourceSnapshot> {
  return await files.snapshot({ workingDir })
}

/** A skill, with its place as its description. */
function putSkill(place: string, name: string): void {
  write(base, join(place, name, 'SKILL.md'), skillText(name, place))
}

const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name)

describe('places', () => {
  test('skills, agents, commands and plugins of the user, of the project and of options', async () => {
    putSkill('home/skills', 'of-halter')
    putSkill('user/.claude/skills', 'of-claude')
    putSkill('user/.agents/skills', 'of-agents')
    putSkill('repo/.halter/skills', 'p-halter')
    putSkill('repo/.claude/skills', 'p-claude')
    putSkill('repo/.agents/skills/group', 'p-agents')
    putSkill('elsewhere', 'named')
    write(base, 'user/.claude/agents/helper.md', '---\ndescription: Helps.\n---\nHelp.')
    write(base, 'repo/.claude/commands/fix.md', 'Fix $1.')
    cpSync(join(corpus, 'codex/issue-triage'), join(repo, '.agents/plugins/issue-triage'), {
      recursive: true,
    })
    cpSync(join(corpus, 'claude/deploy-tools'), join(base, 'home/plugins/deploy-tools'), { recursive: true })
    const snapshot = await look(open({ skills: [join(base, 'elsewhere')], roots: [join(corpus, 'agent')] }))
    expect(names(snapshot.skills)).toEqual([
      'named',
      'p-halter',
      'p-claude',
      'p-agents',
      'of-halter',
      'of-claude',
      'of-agents',
      'summarize',
      'triage',
      'deploy',
      'incident',
    ])
    expect(names(snapshot.agents)).toEqual(['helper', 'ops:on-call', 'reviewer'])
    expect(names(snapshot.commands)).toEqual(['fix', 'release:notes', 'status'])
    expect(names(snapshot.plugins!)).toEqual(['weekly-reports', 'issue-triage', 'deploy-tools'])
    expect(snapshot.warnings).toEqual([])
  })

  test('a root may be one plugin, a folder of them, or one skill', async () => {
    const one = await look(open({ roots: [join(corpus, 'claude/deploy-tools')] }))
    expect(names(one.plugins!)).toEqual(['deploy-tools'])
    const all = await look(open({ roots: [join(corpus, 'claude')] }))
    expect(names(all.plugins!), 'in a folder of plugins a manifest is needed').toEqual([
      'deploy-tools',
      'house-style',
    ])
    const plain = await look(open({ roots: [join(corpus, 'claude/quick-notes')] }))
    expect(names(plain.plugins!), 'itself needs none').toEqual(['quick-notes'])
    const skill = await look(open({ skills: [join(corpus, 'skills/pdf-forms')] }))
    expect(names(skill.skills)).toEqual(['pdf-forms'])
    const skills = await look(open({ skills: [join(corpus, 'skills')] }))
    expect(names(skills.skills)).toEqual(['git-hygiene', 'pdf-forms', 'changelog'])
  })

  test('those of every folder from the working folder up to the root of the repository count, and none above', async () => {
    putSkill('.claude/skills', 'above')
    putSkill('repo/.claude/skills', 'root')
    putSkill('repo/a/b/.claude/skills', 'inner')
    expect(names((await look(open(), join(repo, 'a/b'))).skills)).toEqual(['inner', 'root'])
    mkdirSync(join(base, 'loose'))
    expect((await look(open(), join(base, 'loose'))).skills).toEqual([])
  })

  test('what Claude Code has installed for itself is not read', async () => {
    cpSync(join(corpus, 'claude/deploy-tools'), join(base, 'user/.claude/plugins/deploy-tools'), {
      recursive: true,
    })
    expect(await look()).toBe(EMPTY_RESOURCES)
  })

  test('can be turned off', async () => {
    putSkill('home/skills', 'user')
    putSkill('repo/.claude/skills', 'project')
    write(base, 'repo/AGENTS.md', 'project')
    write(base, 'home/AGENTS.md', 'user')
    const withoutUser = await look(open({ user: false }))
    expect([names(withoutUser.skills), withoutUser.instructions.length]).toEqual([['project'], 1])
    const withoutProject = await look(open({ project: false }))
    expect([names(withoutProject.skills), withoutProject.instructions[0]!.text]).toEqual([['user'], 'user'])
  })

  test('the home of the user is no project', async () => {
    putSkill('user/.claude/skills', 'mine')
    trusted = false
    const { skills, warnings } = await look(open(), join(base, 'user'))
    expect([names(skills), warnings]).toEqual([['mine'], []])
  })

  test('a root that is not there, or holds no plugin, is told', async () => {
    mkdirSync(join(base, 'empty'))
    const skills = [join(base, 'no-skills')]
    const { warnings } = await look(open({ skills, roots: [join(base, 'gone'), join(base, 'empty')] }))
    expect(warnings).toEqual([
      expect.stringContaining(`${join(base, 'no-skills')}: There is no such folder.`),
      expect.stringContaining(`${join(base, 'gone')}: There is no such folder.`),
      expect.stringContaining(`${join(base, 'empty')}: There is no plugin here`),
    ])
  })
})

test('a root with more folders than anybody reads is cut, and told', async () => {
  for (let index = 0; index < 5_100; index++) mkdirSync(join(base, 'huge', `f${index}`), { recursive: true })
  putSkill('huge', 'a')
  const { skills, warnings } = await look(open({ skills: [join(base, 'huge')] }))
  expect(names(skills)).toEqual(['a'])
  expect(warnings).toEqual([expect.stringContaining(`${join(base, 'huge')}: It holds too many folders`)])
})

describe('hooks', () => {
  const event = { PreToolUse: [{ hooks: [{ type: 'command', command: 'true' }] }] }

  test("are those of settings and hook files, the user's first, then those of plugins", async () => {
    const hooks = JSON.stringify({ hooks: event, permissions: { allow: ['Bash'] }, env: { A: 'b' } })
    write(base, 'user/.claude/settings.json', hooks)
    write(base, 'home/hooks.json', JSON.stringify({ hooks: event }))
    write(base, 'repo/.claude/settings.json', hooks)
    write(base, 'repo/.claude/settings.local.json', JSON.stringify({ disableAllHooks: true }))
    const snapshot = await look(open({ roots: [join(corpus, 'claude/deploy-tools')] }))
    expect(snapshot.hooks.map(({ name, source, plugin }) => [name, source, plugin?.name])).toEqual([
      ['home/hooks.json', join(base, 'home/hooks.json'), undefined],
      ['.claude/settings.json', join(base, 'user/.claude/settings.json'), undefined],
      ['.claude/settings.json', join(repo, '.claude/settings.json'), undefined],
      ['.claude/settings.local.json', join(repo, '.claude/settings.local.json'), undefined],
      ['hooks/hooks.json', join(corpus, 'claude/deploy-tools/hooks/hooks.json'), 'deploy-tools'],
    ])
    expect(snapshot.hooks[1]!.value, 'nothing else of the settings').toEqual({ hooks: event })
    expect(snapshot.hooks[3]!.value).toEqual({ hooks: {}, disableAllHooks: true })
  })

  test('a settings file without hooks is none, and other settings change no revision', async () => {
    write(base, 'user/.claude/settings.json', '{"permissions":{}}')
    expect(await look()).toBe(EMPTY_RESOURCES)
  })

  test('a broken hook file is a warning with its line, and the others work', async () => {
    write(base, 'user/.claude/settings.json', JSON.stringify({ hooks: event }))
    write(base, 'repo/.claude/settings.json', '{\n  "hooks": {,}\n}')
    const { hooks, warnings } = await look()
    expect(hooks).toHaveLength(1)
    expect(warnings).toEqual([
      expect.stringContaining(`${join(repo, '.claude/settings.json')}:2: It is no JSON`),
    ])
  })
})

describe('an untrusted folder', () => {
  beforeEach(() => {
    trusted = false
    putSkill('repo/.claude/skills', 'theirs')
    write(base, 'repo/.claude/settings.json', '{"hooks":{}}')
    write(base, 'repo/.halter/hooks.json', '{"hooks":{}}')
    write(base, 'repo/AGENTS.md', 'Be kind.')
    cpSync(join(corpus, 'claude/deploy-tools'), join(repo, '.agents/plugins/deploy-tools'), {
      recursive: true,
    })
  })

  test('brings text for the model and nothing else, and says so', async () => {
    const { skills, hooks, plugins, instructions, warnings } = await look()
    expect([skills, hooks, plugins]).toEqual([[], [], []])
    expect(instructions).toHaveLength(1)
    expect(warnings).toEqual([
      `${repo}/.halter: What this folder brings is not used, because nobody has trusted it. Nor is what ${repo}/.claude and ${repo}/.agents bring. Read it; then answer yes at a terminal, pass --trust, or set HALTER_TRUST=1.`,
    ])
  })

  test('is untrusted where nobody fills the slot', async () => {
    const { isTrusted: _, ...rest } = {
      isTrusted: undefined,
      home: join(base, 'home'),
      userHome: join(base, 'user'),
    }
    expect((await look(new ResourceFiles(rest))).skills).toEqual([])
  })

  test('is asked about every time: trust comes and goes without a file', async () => {
    const files = open()
    expect(names((await look(files)).skills)).toEqual([])
    trusted = true
    expect(names((await look(files)).skills)).toEqual(['theirs', 'deploy', 'incident'])
    trusted = false
    expect(names((await look(files)).skills)).toEqual([])
  })

  test('costs nothing but its own when nobody can say whether it is trusted', async () => {
    write(base, 'home/hooks.json', '{"hooks":{}}')
    const { hooks, skills, warnings } = await look(
      open({
        isTrusted: () => Promise.reject(new Error('the disk is gone')),
        bundles: () => Promise.reject(new Error('no network')),
      }),
    )
    expect([skills.length, hooks.map(({ source }) => source)]).toEqual([0, [join(base, 'home/hooks.json')]])
    expect(warnings).toEqual([
      'The plugins of sources and marketplaces are left out: Error: no network.',
      `Whether ${repo} is trusted cannot be told: Error: the disk is gone.`,
      expect.stringContaining('nobody has trusted it'),
    ])
  })

  test('is not asked about when it brings nothing that needs trust', async () => {
    let asked = 0
    const files = open({ isTrusted: () => Promise.resolve((asked += 1) > 0) })
    rmSync(join(repo, '.claude'), { recursive: true })
    rmSync(join(repo, '.halter'), { recursive: true })
    rmSync(join(repo, '.agents'), { recursive: true })
    await look(files)
    expect(asked).toBe(0)
  })

  test('even a trusted one shows nothing that is outside of it', async () => {
    trusted = true
    write(base, 'secret/SKILL.md', skillText('secret'))
    symlinkSync(join(base, 'secret'), join(repo, '.claude/skills/leak'))
    const { skills, warnings } = await look()
    expect(names(skills)).not.toContain('secret')
    expect(warnings).toEqual([expect.stringContaining(`It leads out of ${repo}`)])
  })
})

test('plugins that did not come are asked for again, but not in every turn', async () => {
  let asked = 0
  let isThere = false
  let now = 0
  const bundles = () => {
    asked += 1
    if (!isThere) return Promise.reject(new Error('no network'))
    return readPluginFolder(join(corpus, 'claude/quick-notes')).then((plugin) => ({
      plugins: [plugin],
      warnings: [],
      watched: [],
    }))
  }
  const files = open({ bundles, now: () => now })
  await settle()
  for (let turn = 0; turn < 5; turn++) expect((await look(files)).skills).toEqual([])
  expect(asked).toBe(1)
  isThere = true
  now += 5 * 60_000
  for (let turn = 0; turn < 5; turn++) expect(names((await look(files)).skills)).toEqual(['note-taking'])
  expect(asked).toBe(2)
  now += 24 * 3_600_000
  await look(files)
  expect(asked).toBe(2)
})

describe('of two with one name', () => {
  test('the nearer one counts, and the other is a warning that names both', async () => {
    putSkill('user/.claude/skills', 'same')
    putSkill('repo/.claude/skills', 'same')
    const { skills, warnings } = await look()
    expect(skills).toMatchObject([{ name: 'same', description: 'repo/.claude/skills' }])
    expect(warnings).toEqual([
      `${join(base, 'user/.claude/skills/same/SKILL.md')}: The skill "same" is not used: ${join(repo, '.claude/skills/same/SKILL.md')} has the name. Rename or remove one of them.`,
    ])
  })

  test("a plugin's is called by its plugin then, without a warning", async () => {
    putSkill('repo/.claude/skills', 'deploy')
    const files = open({ roots: [join(corpus, 'claude')] })
    const { skills, warnings } = await look(files)
    expect(names(skills)).toEqual(['deploy', 'deploy-tools:deploy', 'incident', 'grammar', 'tone'])
    expect(warnings).toEqual([])
    const { problems } = await files.inspect(repo)
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('The skill "deploy" is called "deploy-tools:deploy"'),
    )
  })

  test('a skill that two folders lead to is one', async () => {
    putSkill('repo/.agents/skills', 'shared')
    mkdirSync(join(repo, '.claude'))
    symlinkSync('../.agents/skills', join(repo, '.claude/skills'))
    const { skills, warnings } = await look()
    expect([names(skills), warnings]).toEqual([['shared'], []])
  })
})

describe('the snapshot', () => {
  test('has the same revision for the same content, read by whomever, and another when anything changes', async () => {
    const root = join(base, 'plugin')
    cpSync(join(corpus, 'claude/deploy-tools'), root, { recursive: true })
    const files = open({ roots: [root] })
    const { revision } = await look(files)
    expect(revision).toMatch(/^[0-9a-f]{64}$/)
    expect((await look(open({ roots: [root] }))).revision).toBe(revision)
    const seen = new Set([revision])
    for (const [file, text] of [
      ['skills/deploy/SKILL.md', skillText('deploy')],
      ['skills/deploy/SKILL.md', skillText('deploy', 'Another description.')],
      ['agents/reviewer.md', '---\ndescription: x\n---\nReview.'],
      ['commands/status.md', 'Status.'],
      ['hooks/hooks.json', '{"hooks":{}}'],
      ['.mcp.json', '{"mcpServers":{}}'],
      ['.claude-plugin/plugin.json', '{"name":"deploy-tools","version":"9.9.9"}'],
    ] as const) {
      write(root, file, text)
      const next = await look(files)
      expect(seen, file).not.toContain(next.revision)
      seen.add(next.revision)
    }
    write(root, 'skills/deploy/scripts/check.sh', 'echo other')
    expect((await look(files)).revision, 'scripts are read when they run').toBe([...seen].at(-1))
  })

  test('is immutable, down to the last handler of a hook file', async () => {
    const snapshot = await look(open({ roots: [join(corpus, 'claude')], skills: [join(corpus, 'skills')] }))
    const check = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      expect(Object.isFrozen(value)).toBe(true)
      for (const each of Object.values(value)) check(each)
    }
    check(snapshot)
  })

  test('is the same object for all sessions of a folder while nothing changes, and no file is read again', async () => {
    const files = open({ roots: [join(corpus, 'claude')] })
    putSkill('home/skills', 'a')
    putSkill('home/skills', 'b')
    await settle()
    const first = await look(files)
    const { reads } = files
    expect(reads).toBeGreaterThan(10)
    for (let index = 0; index < 20; index++) expect(files.snapshot({ workingDir: repo })).toBe(first)
    expect(files.reads).toBe(reads)

    write(base, 'home/skills/a/SKILL.md', skillText('a', 'changed'))
    const second = await look(files)
    expect(second).not.toBe(first)
    expect(files.reads, 'only the file that changed').toBe(reads + 1)

    const other = join(base, 'other')
    mkdirSync(other)
    await look(files, other)
    expect(files.reads, 'what folders share is read once').toBe(reads + 1 + 1)
  })

  test('a file that is written twice within one tick of the clock is not missed', async () => {
    const files = open()
    for (let index = 0; index < 30; index++) {
      write(base, 'home/skills/a/SKILL.md', skillText('a', `${index % 10}`))
      expect((await look(files)).skills[0]!.description).toBe(`${index % 10}`)
    }
  })

  test('nor is one on a file system that counts in seconds', async () => {
    const files = open()
    const file = write(base, 'home/skills/a/SKILL.md', skillText('a', 'one'))
    const second = Math.floor(Date.now() / 1_000)
    utimesSync(file, second, second)
    await look(files)
    await settle()
    const { reads } = files
    await look(files)
    expect(files.reads).toBe(reads + 1)
  })

  test('a touched file with the same content gives the same object', async () => {
    const files = open()
    putSkill('home/skills', 'a')
    const first = await look(files)
    putSkill('home/skills', 'a')
    expect(await look(files)).toBe(first)
  })

  test('many sessions that ask at once cost one reading', async () => {
    const files = open({ skills: [join(corpus, 'skills')] })
    const all = await Promise.all(Array.from({ length: 50 }, () => look(files)))
    expect(new Set(all).size).toBe(1)
    expect(files.reads).toBe(3)
  })

  test('a caller that comes after a change sees it, whoever is reading already', async () => {
    for (let index = 0; index < 200; index++) putSkill('home/skills', `s${index}`)
    const files = open()
    const early = look(files)
    while (files.reads < 20) await new Promise((resolve) => setImmediate(resolve))
    expect(files.reads, 'it is reading').toBeLessThan(200)
    write(base, 'home/skills/s0/SKILL.md', skillText('s0', 'later'))
    const late = await look(files)
    await early
    expect(late.skills.find(({ name }) => name === 's0')!.description).toBe('later')
  })

  test('has the same object for a hook file that did not change, so that whoever parsed it need not again', async () => {
    const files = open({ roots: [join(corpus, 'claude')] })
    write(base, 'user/.claude/settings.json', '{"hooks":{}}')
    putSkill('home/skills', 'a')
    await settle()
    const before = await look(files)
    write(base, 'home/skills/a/SKILL.md', skillText('a', 'other'))
    const after = await look(files)
    expect(after.revision).not.toBe(before.revision)
    expect(after.hooks.length).toBeGreaterThan(2)
    for (const [index, { value }] of after.hooks.entries()) expect(value).toBe(before.hooks[index]!.value)
  })

  test('law: what is there is found, whatever comes and goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            place: fc.constantFrom(
              'home/skills',
              'user/.agents/skills',
              'repo/.claude/skills',
              'repo/.halter/skills',
            ),
            name: fc.constantFrom('a', 'b', 'c'),
            text: fc.constantFrom(undefined, 'one', 'two'),
          }),
          { maxLength: 12 },
        ),
        async (moves) => {
          for (const folder of ['home', 'user', 'repo/.claude', 'repo/.halter'])
            rmSync(join(base, folder), { recursive: true, force: true })
          const files = open()
          const model = new Map<string, string>()
          for (const { place, name, text } of moves) {
            const key = join(place, name)
            if (text === undefined) {
              rmSync(join(base, key), { recursive: true, force: true })
              model.delete(key)
            } else {
              write(base, join(key, 'SKILL.md'), skillText(name, text))
              model.set(key, text)
            }
            const order = ['repo/.halter/skills', 'repo/.claude/skills', 'home/skills', 'user/.agents/skills']
            const expected = ['a', 'b', 'c'].flatMap((each) => {
              const first = order
                .map((folder) => model.get(join(folder, each)))
                .find((found) => found !== undefined)
              return first === undefined ? [] : [[each, first]]
            })
            const { skills } = await look(files)
            expect(
              skills
                .map((skill) => [skill.name, skill.description])
                .toSorted((a, b) => (a[0]! < b[0]! ? -1 : 1)),
            ).toEqual(expected)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test('a folder with hundreds of broken files is read, and each is told', async () => {
    for (let index = 0; index < 300; index++)
      write(base, `home/skills/s${index}/SKILL.md`, index % 3 === 0 ? skillText(`s${index}`) : '')
    writeFileSync(join(base, 'home/skills/not-a-folder'), '')
    const { skills, warnings } = await look()
    expect([skills.length, warnings.length]).toEqual([100, 200])
  })
})
