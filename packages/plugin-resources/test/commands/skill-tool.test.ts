import { execFileSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Approver } from '@halter/core'
import prompts from '@halter/plugin-prompt-default'
import { textOf } from '@halter/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { openProject, type Project, type ProjectOptions } from './project.ts'

let project: Project | undefined
afterEach(() => project?.close())

const PDF = {
  '.claude/skills/pdf/SKILL.md':
    '---\nname: pdf\ndescription: Fills forms.\nallowed-tools: Bash(touch:*)\n---\nFill $ARGUMENTS.',
  '.claude/skills/pdf/forms.md': 'All about forms.',
}
const PRIVATE = {
  '.claude/skills/deploy/SKILL.md':
    '---\nname: deploy\ndescription: Deploys.\ndisable-model-invocation: true\n---\nDeploy.',
}

/** What the model reads when it calls `skill`, and then perhaps other tools. */
async function call(
  input: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
  {
    after = [],
    prepare,
    ...options
  }: ProjectOptions & {
    readonly after?: readonly { readonly name: string; readonly input: Readonly<Record<string, string>> }[]
    readonly prepare?: (folder: string) => void
  } = {},
) {
  const calls = [{ name: 'skill', input }, ...after].map((each) => ({ toolCalls: [each] }))
  project = await openProject(files, { script: [...calls, { text: 'done' }, { text: 'done' }], ...options })
  prepare?.(project.folder)
  await project.session.submitTurn('go').result
  const results = await project.events('toolCall.finished')
  const [first] = results.filter((event) => !('by' in event) || event.by === undefined)
  return { text: textOf(first!), outcome: first!.outcome, results, project }
}

const no: Approver = () => 'deny'

describe('the tool skill', () => {
  test('gives the body of a skill, where it lies and what lies beside it', async () => {
    const { text, outcome, project } = await call({ name: 'pdf', arguments: 'a.pdf' }, PDF)
    const root = join(project.folder, '.claude/skills/pdf')
    expect(outcome).toBe('ok')
    expect(text).toBe(`# Skill: pdf\n\nFolder: ${root}\nFiles in it:\n- forms.md\n\nFill a.pdf.`)
  })

  test('gives a file of a skill', async () => {
    expect((await call({ name: 'pdf', file: 'forms.md' }, PDF)).text).toBe('All about forms.')
  })

  test.each(['../deploy/SKILL.md', '/etc/passwd', 'link', 'gone.md', '.', ''])(
    'gives no file outside: %j',
    async (file) => {
      const { text, outcome } = await call(
        { name: 'pdf', file },
        { ...PDF, ...PRIVATE },
        {
          prepare: (folder) => symlinkSync('/etc/passwd', join(folder, '.claude/skills/pdf/link')),
        },
      )
      expect(outcome).toBe('error')
      expect(text).toContain('has no file')
    },
  )

  test('waits for no pipe, and shows nothing that is no text', async () => {
    const pipe = await call({ name: 'pdf', file: 'pipe' }, PDF, {
      prepare: (folder) => execFileSync('mkfifo', [join(folder, '.claude/skills/pdf/pipe')]),
    })
    expect(pipe).toMatchObject({ outcome: 'error', text: expect.stringContaining('has no file') })
    await pipe.project.close()
    const binary = await call({ name: 'pdf', file: 'a.bin' }, { ...PDF, '.claude/skills/pdf/a.bin': 'a\0b' })
    expect(binary).toMatchObject({ outcome: 'error', text: expect.stringContaining('is no text') })
  })

  test('does not give what only users may call for', async () => {
    const { text, outcome } = await call({ name: 'deploy' }, { ...PDF, ...PRIVATE })
    expect(outcome).toBe('error')
    expect(text).toBe(
      'The skill "deploy" is for the user to call, by /deploy. Ask them to, or go on without it.',
    )
  })

  test('names what there is when there is nothing of that name', async () => {
    const near = await call({ name: 'pfd' }, { ...PDF, ...PRIVATE })
    expect(near.text).toBe('There is no skill "pfd". Did you mean "pdf"? There are: pdf.')
    await near.project.close()
    expect((await call({ name: 'pdf' }, {})).text).toContain('nor any other')
  })

  test('lets the tools that the skill lists run until the turn ends, and no others', async () => {
    const after = ['touch one', 'touch two; touch three'].map((command) => ({
      name: 'shell',
      input: { command },
    }))
    const { project, results } = await call({ name: 'pdf' }, PDF, { after, approve: no })
    expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'denied'])
    expect(existsSync(join(project.folder, 'one'))).toBe(true)
  })

  test('runs the commands of a skill as calls of their own, and arguments of a model run nothing', async () => {
    const body =
      '---\nname: look\ndescription: Looks.\nallowed-tools: Bash(printf:*)\n---\nSaid: !`printf %s "$1"`'
    const files = { '.claude/skills/look/SKILL.md': body }
    const { text, project } = await call({ name: 'look', arguments: '"$(touch canary)"' }, files, {
      approve: () => 'once',
    })
    expect(text).toContain('Said: $(touch canary)')
    expect(existsSync(join(project.folder, 'canary'))).toBe(false)
    expect(await project.events('toolCall.started')).toMatchObject([
      { name: 'skill' },
      { name: 'shell', by: '@halter/plugin-resources' },
    ])
  })

  test('says so when a command of the skill is not allowed', async () => {
    const files = {
      '.claude/skills/look/SKILL.md': '---\nname: look\ndescription: Looks.\n---\n!`touch canary`',
    }
    const { text, outcome, project } = await call({ name: 'look' }, files, { approve: no })
    expect(outcome).toBe('error')
    expect(text).toMatch(
      /^The skill "look" could not be loaded: its command "touch canary" was not allowed: /,
    )
    expect(existsSync(join(project.folder, 'canary'))).toBe(false)
  })

  test('is not there when it is not wanted', async () => {
    project = await openProject(PDF, { resources: { skillTool: false } })
    await project.session.submitTurn('go').result
    expect(project.provider.requests[0]!.tools.map(({ name }) => name)).not.toContain('skill')
  })
})

test('a skill that comes changes the list of skills in the prompt, and not one byte of the tools', async () => {
  const { writeFileSync, mkdirSync } = await import('node:fs')
  project = await openProject(PDF, { plugins: [prompts] })
  await project.session.submitTurn('one').result
  mkdirSync(join(project.folder, '.claude/skills/new'))
  writeFileSync(
    join(project.folder, '.claude/skills/new/SKILL.md'),
    '---\nname: new\ndescription: Is new.\n---\nNew.',
  )
  await project.session.submitTurn('two').result
  const [before, after] = project.provider.requests
  const skills = (request: typeof before) => request!.system.find(({ id }) => id === 'skills')?.text
  expect(skills(before)).toContain('- pdf: Fills forms.')
  expect(skills(after)).toContain('- new: Is new.')
  expect(JSON.stringify(after!.tools)).toBe(JSON.stringify(before!.tools))
  expect(JSON.stringify(before!.tools)).not.toContain('pdf')
})

test('a skill in use changes nothing that comes before it in the prompt', async () => {
  project = await openProject(PDF, {
    plugins: [prompts],
    script: [{ toolCalls: [{ name: 'skill', input: { name: 'pdf' } }] }, { text: 'done' }],
  })
  await project.session.submitTurn('one').result
  const [before, after] = project.provider.requests
  expect(JSON.stringify(after!.system)).toBe(JSON.stringify(before!.system))
  expect(await project.events('cache.broken')).toEqual([])
})
