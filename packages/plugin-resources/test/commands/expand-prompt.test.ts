import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Approver, Taps } from '@halter/core'
import { afterEach, describe, expect, test } from 'vitest'
import { tapCommands } from '../../src/commands/tap-commands.ts'
import { GrantBook } from '../../src/commands/turn-grants.ts'
import { openProject, tapping, type Project, type ProjectOptions } from './project.ts'

let project: Project | undefined
afterEach(() => project?.close())

type Files = Readonly<Record<string, string>>

/** Commands of a project by name, with or without front matter. */
function commands(bodies: Files): Files {
  return Object.fromEntries(
    Object.entries(bodies).map(([name, body]) => [`.claude/commands/${name}.md`, body]),
  )
}

async function send(text: string, files: Files, options: ProjectOptions = {}) {
  project = await openProject(files, options)
  const result = await project.session.submitTurn(text).result
  return { result, prompt: project.prompt(), asked: project.provider.requests.length, project }
}

const yes: Approver = () => 'once'
const no: Approver = () => ({ answer: 'deny', reason: 'not today' })

describe('/name', () => {
  test('is replaced by the body of the command, with its arguments', async () => {
    const { prompt } = await send(
      '/greet Ann "Bob B."',
      commands({ greet: 'Greet $1 and $2. All: $ARGUMENTS' }),
    )
    expect(prompt).toEqual(['Greet Ann and Bob B.. All: Ann "Bob B."'])
  })

  test('of a command that takes no arguments has them behind it', async () => {
    const { prompt } = await send('/greet Ann\nand Bob', commands({ greet: 'Greet them.' }))
    expect(prompt).toEqual(['Greet them.\n\nARGUMENTS: Ann\nand Bob'])
  })

  test('keeps what else is in the prompt', async () => {
    project = await openProject(commands({ look: 'Look at it.' }))
    const image = { kind: 'image', mediaType: 'image/png', data: 'AAAA' } as const
    await project.session.submitTurn([{ kind: 'text', text: '/look' }, image]).result
    await project.session.submitTurn([image, { kind: 'text', text: '/look' }]).result
    const text = { kind: 'text', text: 'Look at it.' }
    const seen = project.provider.requests.map(({ messages }) => messages.at(-1)?.parts)
    expect(seen).toEqual([
      [text, image],
      [image, text],
    ])
  })

  test('leaves both in the log: what was typed, and what it became', async () => {
    const { project } = await send('/greet Ann', commands({ greet: 'Greet $1.' }))
    expect(await project.events('turn.started')).toMatchObject([{ input: [{ text: '/greet Ann' }] }])
    expect(await project.events('message.appended')).toMatchObject([
      { message: { role: 'user', parts: [{ text: 'Greet Ann.' }] } },
      { message: { role: 'assistant' } },
    ])
    expect(await project.events('hook.ran')).toMatchObject([
      {
        run: {
          plugin: '@halter/plugin-resources',
          handler: '/greet',
          source: join(project.folder, '.claude/commands/greet.md'),
          status: 'changed',
        },
      },
    ])
  })

  test.each(['/ship it', '/acme:ship it'])('finds a command of a plugin by both names: %s', async (text) => {
    const files = {
      'acme/.claude-plugin/plugin.json': '{"name":"acme","version":"1.0.0"}',
      'acme/commands/ship.md': 'Ship $1.',
    }
    expect((await send(text, files, { resources: { roots: ['acme'] } })).prompt).toEqual(['Ship it.'])
  })

  test('finds a skill, and tells where it lies and what is in it', async () => {
    const { prompt, project } = await send('/pdf form.pdf', {
      '.claude/skills/pdf/SKILL.md': '---\nname: pdf\ndescription: Fills forms.\n---\nFill $ARGUMENTS.',
      '.claude/skills/pdf/scripts/fill.py': 'print(1)',
      '.claude/skills/pdf/forms.md': 'x',
    })
    const root = join(project.folder, '.claude/skills/pdf')
    expect(prompt).toEqual([
      `# Skill: pdf\n\nFolder: ${root}\nFiles in it:\n- forms.md\n- scripts/fill.py\n\nFill form.pdf.`,
    ])
  })
})

describe('what is no call', () => {
  test.each(['/usr/bin is full', '/tmp is full', ' /greet', '/', '/*x*/', 'say /greet'])(
    '%j is sent as it is',
    async (text) => {
      const { prompt } = await send(text, commands({ greet: 'Greet.' }))
      expect(prompt).toEqual([text])
    },
  )

  test('nothing is a call where there are no commands', async () => {
    expect((await send('/greet', {})).prompt).toEqual(['/greet'])
  })

  test('nor where they are switched off', async () => {
    const options = { resources: { expandCommands: false } }
    expect((await send('/greet', commands({ greet: 'Greet.' }), options)).prompt).toEqual(['/greet'])
  })

  test('nor, if the user wants that, where nothing has that name', async () => {
    const options = { resources: { unknownCommands: 'send' as const } }
    expect((await send('/gret', commands({ greet: 'Greet.' }), options)).prompt).toEqual(['/gret'])
  })

  test('what is steered into a turn is text: a plugin or a model may have written it', async () => {
    let steer: (() => void) | undefined
    const steering = tapping('steering', (hooks) => {
      hooks.tap('turn.guard', () => {
        steer?.()
        steer = undefined
      })
    })
    project = await openProject(commands({ greet: 'Greet.' }), { plugins: [steering] })
    const { session } = project
    steer = () => void session.steer('/greet')
    await session.submitTurn('hello').result
    await session.submitTurn('wait').result
    const users = (await project.events('message.appended')).filter(({ message }) => message.role === 'user')
    expect(users.map(({ message }) => message.parts)).toContainEqual([{ kind: 'text', text: '/greet' }])
  })

  test('what a subagent is given is text: a model wrote it', async () => {
    const spawning = tapping('spawning', (hooks) => {
      hooks.tap('turn.guard', async ({ stopHookActive }, ctx) => {
        if (stopHookActive || ctx.session.blueprint.parentId !== undefined) return
        await (
          await ctx.session.openChild({ task: '/greet' })
        ).result
      })
    })
    project = await openProject(commands({ greet: 'Greet.' }), { plugins: [spawning] })
    await project.session.submitTurn('hello').result
    const seen = project.provider.requests.map(({ messages }) => messages.at(-1)?.parts)
    expect(seen).toContainEqual([{ kind: 'text', text: '/greet' }])
  })
})

describe('a name that nothing has', () => {
  test.each([
    [
      '/gret',
      'There is no command or skill /gret. Did you mean /greet? To send it as text, put a space before the slash.',
    ],
    ['/rgeet Ann', 'Did you mean /greet?'],
    ['/xyz', 'There is no command or skill /xyz. To send it as text,'],
  ])('%s is refused with the nearest, and no model is asked', async (text, words) => {
    const { asked, project } = await send(text, commands({ greet: 'Greet.' }))
    expect(asked).toBe(0)
    expect(await project.events('prompt.refused')).toMatchObject([
      { reason: expect.stringContaining(words), plugin: '@halter/plugin-resources' },
    ])
    expect((await project.session.submitTurn('hello').result).status).toBe('completed')
    expect(project.prompt()).toEqual(['hello'])
  })

  test('a skill that is only for models is not called', async () => {
    const skill = '---\nname: inner\ndescription: x\nuser-invocable: false\n---\nInner.'
    const files = { '.claude/skills/inner/SKILL.md': skill, ...commands({ greet: 'Greet.' }) }
    expect((await send('/inner', files)).asked).toBe(0)
  })
})

describe('commands in a body', () => {
  test('are run by the shell tool, where the session works, and their output stands in their place', async () => {
    const body = '---\nallowed-tools: Bash(ls:*), Bash(printf:*)\n---\nFiles: !`ls -A`. Said: !`printf $1`!'
    const { prompt, project } = await send('/look hello', commands({ look: body }))
    expect(prompt).toEqual(['Files: .claude. Said: hello!'])
    expect(await project.events('toolCall.started')).toMatchObject([
      { name: 'shell', input: { command: 'ls -A' }, by: '@halter/plugin-resources' },
      { name: 'shell', input: { command: 'printf hello' }, by: '@halter/plugin-resources' },
    ])
  })

  test('in blocks may have many lines', async () => {
    const { prompt } = await send(
      '/look',
      commands({ look: 'A\n```!\nfor x in 1 2; do\n  echo line $x\ndone\n```\nB' }),
      { approve: yes },
    )
    expect(prompt).toEqual(['A\nline 1\nline 2\nB'])
  })

  test('are asked for like every call when nothing allows them, and not run without a yes', async () => {
    const body = 'Made: !`touch canary && echo made`'
    const denied = await send('/make', commands({ make: body }), { approve: no })
    expect(denied.asked).toBe(0)
    expect(existsSync(join(denied.project.folder, 'canary'))).toBe(false)
    expect(await denied.project.events('prompt.refused')).toMatchObject([
      { reason: '/make was not sent: its command "touch canary && echo made" was not allowed: not today.' },
    ])
    await denied.project.close()
    const allowed = await send('/make', commands({ make: body }), { approve: yes })
    expect(allowed.prompt).toEqual(['Made: made'])
    expect(existsSync(join(allowed.project.folder, 'canary'))).toBe(true)
  })

  test('are not run when nobody can be asked', async () => {
    const { asked, project } = await send('/make', commands({ make: '!`touch canary`' }))
    expect([asked, existsSync(join(project.folder, 'canary'))]).toEqual([0, false])
  })

  test('are judged by guards, whatever the front matter allows', async () => {
    const guard = tapping('guard', (hooks) => hooks.tap('toolCall.guard', () => ({ deny: 'no shells here' })))
    const body = '---\nallowed-tools: Bash\n---\n!`touch canary`'
    const { asked, project } = await send('/make', commands({ make: body }), { plugins: [guard] })
    expect([asked, existsSync(join(project.folder, 'canary'))]).toEqual([0, false])
    expect(await project.events('prompt.refused')).toMatchObject([
      { reason: expect.stringContaining('no shells here') },
    ])
  })

  test('that fail show their exit code, and the model reads it', async () => {
    const { prompt } = await send('/look', commands({ look: 'X !`echo out; exit 3` Y' }), { approve: yes })
    expect(prompt[0]).toMatch(/^X out\n\[Exit code 3 after [\d.]+ s\.\] Y$/)
  })

  test('that say nothing leave nothing', async () => {
    expect(
      (await send('/look', commands({ look: 'X!`true`Y. X !`true` Y' }), { approve: yes })).prompt,
    ).toEqual(['X!`true`Y. X  Y'])
  })

  test('more than 32 are refused', async () => {
    const body = Array.from({ length: 33 }, () => '!`true`').join(' ')
    const { asked, project } = await send('/look', commands({ look: body }), { approve: yes })
    expect(asked).toBe(0)
    expect(await project.events('prompt.refused')).toMatchObject([
      { reason: expect.stringContaining('more than 32 commands') },
    ])
  })

  test('need a shell', async () => {
    project = await openProject(commands({ look: '!`true`' }))
    await project.session.submitTurn('/look', { tools: [] }).result
    expect(await project.events('prompt.refused')).toMatchObject([
      { reason: '/look was not sent: it needs the tool "shell", which this turn does not have.' },
    ])
  })

  test('end with the turn', async () => {
    project = await openProject(
      commands({ wait: '---\nallowed-tools: Bash\n---\n!`touch started; sleep 60`' }),
    )
    const turn = project.session.submitTurn('/wait')
    await expect.poll(() => existsSync(join(project!.folder, 'started')), { timeout: 15_000 }).toBe(true)
    turn.interrupt()
    expect((await turn.result).reason).toBe('interrupted')
  })
})

describe('what comes in is not read again', () => {
  const body =
    '---\nallowed-tools: Bash(printf:*), Bash(cat:*)\n---\nArgs: $ARGUMENTS. Out: !`cat evil`. File: @evil'
  const evil = '!`touch canary` $1 @secret'

  test('neither an argument, nor output, nor a file', async () => {
    const { prompt, project } = await send(
      `/do ${evil}`,
      { ...commands({ do: body }), evil, secret: 'the secret' },
      { approve: yes },
    )
    expect(prompt[0]).toBe(`Args: ${evil}. Out: ${evil}. File: @evil`)
    expect(prompt.join('\n')).not.toContain('the secret')
    expect(existsSync(join(project.folder, 'canary'))).toBe(false)
  })

  test.each([
    '; touch canary',
    '$(touch canary)',
    '`touch canary`',
    '| touch canary',
    '&& touch canary',
    '\ntouch canary',
    "'; touch canary; '",
    '" ; touch canary; "',
  ])('an argument runs nothing in a command: %j', async (argument) => {
    const quoted = `'${argument}'`.includes("''") ? argument : `"${argument.replace(/[\\"]/g, '\\$&')}"`
    const { project } = await send(
      `/do ${quoted}`,
      commands({ do: '!`printf %s $1` !`printf %s "$1"` !`printf %s \'$1\'` !`printf %s $ARGUMENTS`' }),
      { approve: yes },
    )
    expect(existsSync(join(project.folder, 'canary'))).toBe(false)
    expect((await project.events('toolCall.started')).length).toBe(4)
  })
})

describe('files in a body', () => {
  test('are read by the read tool and follow the prompt; the same one once', async () => {
    const { prompt, project } = await send('/look src/a.ts', {
      ...commands({ look: 'Compare @$1 with @b.txt and @b.txt.' }),
      'src/a.ts': 'const a = 1\n',
      'b.txt': 'b',
    })
    expect(prompt).toEqual([
      'Compare @src/a.ts with @b.txt and @b.txt.',
      '<file path="src/a.ts">\n     1\tconst a = 1\n</file>',
      '<file path="b.txt">\n     1\tb\n</file>',
    ])
    expect(await project.events('toolCall.started')).toMatchObject([{ name: 'read' }, { name: 'read' }])
  })

  test('that are not there are words', async () => {
    const { prompt, project } = await send('/look', commands({ look: 'Ask @ann about @scope/package.' }))
    expect(prompt).toEqual(['Ask @ann about @scope/package.'])
    expect(await project.events('toolCall.started')).toEqual([])
  })

  test('outside the folders of the session are not read, and the model is told', async () => {
    const { prompt } = await send('/look', commands({ look: 'See @/etc/passwd and @../../etc/passwd.' }))
    expect(prompt[1]).toMatch(/^\["\/etc\/passwd" could not be read: .*outside the folders/)
    expect(prompt.join('')).not.toContain('root:')
  })

  test('are named where the turn has no tool to read them', async () => {
    project = await openProject({ ...commands({ look: 'See @a.' }), a: 'x' })
    await project.session.submitTurn('/look', { tools: [] }).result
    expect(project.prompt()).toEqual(['See @a.', '["a" could not be read: this turn has no tool for that]'])
  })

  test('may be folders', async () => {
    const { prompt } = await send('/look', {
      ...commands({ look: 'See @src/' }),
      'src/a.ts': 'x',
      'src/b.ts': 'x',
    })
    expect(prompt[1]).toMatch(/a\.ts\nb\.ts/)
  })
})

describe('allowed-tools', () => {
  const call = (command: string) => ({ toolCalls: [{ name: 'shell', input: { command } }] })

  test('let the model make exactly these calls without a question, until the turn ends', async () => {
    const script = [
      call('touch one'),
      call('touch one; touch two'),
      { text: 'done' },
      call('touch three'),
      { text: 'done' },
    ]
    const files = commands({ make: '---\nallowed-tools: Bash(touch:*)\n---\nMake it.' })
    const { project } = await send('/make', files, { script, approve: no })
    await project.session.submitTurn('again').result
    const made = (name: string): boolean => existsSync(join(project.folder, name))
    expect([made('one'), made('two'), made('three')]).toEqual([true, false, false])
    const outcomes = (await project.events('toolCall.finished')).map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['ok', 'denied', 'denied'])
  })

  test('answer no guard that asks', async () => {
    const asking = tapping('asking', (hooks) => hooks.tap('toolCall.guard', () => ({ ask: 'really?' })))
    const files = commands({ make: '---\nallowed-tools: Bash(touch:*)\n---\nMake it.' })
    const options = { script: [call('touch one'), { text: 'done' }], approve: no, plugins: [asking] }
    const { project } = await send('/make', files, options)
    expect(existsSync(join(project.folder, 'one'))).toBe(false)
  })

  test('are nothing to another plugin', async () => {
    const other = tapping('other', (hooks) => {
      hooks.tap('turn.guard', async (_, ctx) => {
        await ctx.session.callTool('shell', { command: 'touch other' })
      })
    })
    const files = commands({ make: '---\nallowed-tools: Bash(touch:*)\n---\nMake it.' })
    const { project } = await send('/make', files, { approve: no, plugins: [other] })
    expect(await project.events('toolCall.finished')).toMatchObject([{ outcome: 'denied' }])
    expect(existsSync(join(project.folder, 'other'))).toBe(false)
  })

  test('are nothing to a subagent of the turn', async () => {
    const spawning = tapping('spawning', (hooks) => {
      hooks.tap('turn.guard', async (_, ctx) => {
        if (ctx.session.blueprint.parentId !== undefined) return
        await (
          await ctx.session.openChild({ task: 'make it' })
        ).result
      })
    })
    const files = commands({ make: '---\nallowed-tools: Bash(touch:*)\n---\nMake it.' })
    const script = [{ text: 'done' }, call('touch child'), { text: 'done' }]
    const { project } = await send('/make', files, { script, approve: no, plugins: [spawning] })
    expect(project.provider.requests.length).toBeGreaterThanOrEqual(3)
    expect(existsSync(join(project.folder, 'child'))).toBe(false)
  })
})

describe('the model of a command', () => {
  test('answers in its turn, and the session keeps its own', async () => {
    const { project } = await send('/think', commands({ think: '---\nmodel: test/large\n---\nThink.' }))
    await project.session.submitTurn('hello').result
    expect(project.provider.requests.map(({ model }) => model)).toEqual(['test/large', 'test'])
  })

  test('that nobody has is told, and the session’s own answers', async () => {
    const { project } = await send('/think', commands({ think: '---\nmodel: haiku\n---\nThink.' }))
    expect(project.provider.requests.map(({ model }) => model)).toEqual(['test'])
    expect(await project.events('warning.raised')).toMatchObject([
      {
        message: '/think asks for the model "haiku", which no provider accepts. The session\'s own answers.',
      },
    ])
  })
})

test('nothing is kept of a turn that has ended, however it did', async () => {
  const book = new GrantBook()
  const own = tapping('own', (hooks) => tapCommands(hooks as Taps<{ readonly models: undefined }>, {}, book))
  const files = commands({ make: '---\nallowed-tools: Bash\n---\nMake it.', wait: '!`true`' })
  const options = { plugins: [own], resources: { expandCommands: false } }
  const { project } = await send('/make', files, { ...options, approve: no })
  for (const prompt of ['/gone', '/wait', '/make']) await project.session.submitTurn(prompt).result
  expect(project.provider.requests).toHaveLength(2)
  expect(book.size).toBe(0)
})

test('other hooks see what was typed, and guards what it became', async () => {
  const seen: string[] = []
  const looking = tapping('looking', (hooks) => {
    hooks.tap(
      'prompt.transform',
      ({ parts: [part] }) => void seen.push(`transform ${part?.kind === 'text' && part.text}`),
    )
    hooks.tap(
      'prompt.guard',
      ({ parts: [part] }) => void seen.push(`guard ${part?.kind === 'text' && part.text}`),
    )
  })
  await send('/greet', commands({ greet: 'Greet.' }), { plugins: [looking] })
  expect(seen).toEqual(['transform /greet', 'guard Greet.'])
})
