import { rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { definePlugin, type DeclaredResource } from '@halter/core'
import type { Json } from '@halter/protocol'
import { areOff, hookFileOf } from '../src/hook-files.ts'
import { defineHook } from '../src/index.ts'
import {
  bundle,
  claudeHooks,
  openPlace,
  Payloads,
  put,
  recorder,
  shellScript,
  snapshot,
  tempFolder,
} from './place.ts'

function file(source: string, value: Json): DeclaredResource {
  return { name: 'x', source, value }
}

const note = (payloads: Payloads): Json => [{ hooks: [{ type: 'command', command: payloads.command() }] }]

test('where a file lies tells whose it is and in whose names it speaks', () => {
  const of = (source: string): readonly string[] => {
    const {
      dialect,
      source: { layer },
    } = hookFileOf(file(source, {}))
    return [layer, dialect]
  }
  expect(of(join(homedir(), '.claude/settings.json'))).toEqual(['user', 'claude'])
  expect(of('/work/.claude/settings.json')).toEqual(['project', 'claude'])
  expect(of('/work/.claude/settings.local.json')).toEqual(['local', 'claude'])
  expect(of('/work/.halter/hooks.json')).toEqual(['project', 'halter'])
  for (const layout of ['agent', 'codex', 'claude'] as const) {
    const { dialect, source } = hookFileOf({
      ...file('/p/hooks/hooks.json', {}),
      plugin: bundle('/p', layout),
    })
    expect([source.layer, dialect]).toEqual(['plugin', layout === 'claude' ? 'claude' : 'halter'])
  }
})

test('hooks are off where the strongest file that says anything says so', () => {
  const user = (isOff: boolean): DeclaredResource =>
    file(join(homedir(), '.claude/settings.json'), { disableAllHooks: isOff })
  const project = (isOff: boolean): DeclaredResource =>
    file('/w/.claude/settings.json', { disableAllHooks: isOff })
  const local = (isOff: boolean): DeclaredResource =>
    file('/w/.claude/settings.local.json', { disableAllHooks: isOff })
  expect(areOff([])).toBe(false)
  expect(areOff([user(true)])).toBe(true)
  expect(areOff([user(true), project(false)])).toBe(false)
  expect(areOff([user(false), project(false), local(true)])).toBe(true)
  expect(areOff([local(false), project(true)])).toBe(false)
  // A bundle cannot turn others off.
  expect(areOff([{ ...file('/p/hooks.json', { disableAllHooks: true }), plugin: bundle('/p') }])).toBe(false)
})

test('what is off is off for bundles too, and never for what the configuration says', async () => {
  const payloads = new Payloads(await tempFolder())
  const place = await openPlace({
    hooks: { hooks: { UserPromptSubmit: note(payloads) } },
    resources: snapshot(
      claudeHooks({ UserPromptSubmit: note(payloads) }),
      file('/w/.claude/settings.json', { disableAllHooks: true }),
    ),
    script: [{ text: 'a' }],
  })
  await place.session.submitTurn('x').orThrow()
  expect(await payloads.all()).toMatchObject([{ plugin_id: 'config' }])
})

test('the same handler in two settings files runs once; two bundles keep theirs', async () => {
  const payloads = new Payloads(await tempFolder())
  const hooks = { hooks: { UserPromptSubmit: note(payloads) } }
  const place = await openPlace({
    resources: snapshot(
      file(join(homedir(), '.claude/settings.json'), hooks),
      file('/w/.claude/settings.json', hooks),
      { ...file('/p/hooks.json', hooks), plugin: { ...bundle('/p'), id: 'p' } },
      { ...file('/q/hooks.json', hooks), plugin: { ...bundle('/q'), id: 'q' } },
    ),
    script: [{ text: 'a' }],
  })
  await place.session.submitTurn('x').orThrow()
  expect((await payloads.all()).map(({ plugin_id: id }) => JSON.stringify(id)).toSorted()).toEqual([
    '"p"',
    '"q"',
    '"user"',
  ])
})

describe('a file that the configuration names', () => {
  test('is read again when it changed, and used from the next turn on', async () => {
    const folder = await tempFolder()
    const payloads = new Payloads(folder)
    const path = await put(join(folder, 'mine.json'), { hooks: { UserPromptSubmit: note(payloads) } })
    const place = await openPlace({ hooks: { files: [path] }, script: () => ({ text: 'a' }) })
    await place.session.submitTurn('1').orThrow()
    await writeFile(path, JSON.stringify({ hooks: {} }))
    await place.session.submitTurn('2').orThrow()
    await put(path, { hooks: { Stop: note(payloads) } })
    await place.session.submitTurn('3').orThrow()
    expect((await payloads.all()).map(({ hook_event_name: name }) => name)).toEqual([
      'UserPromptSubmit',
      'Stop',
    ])
  })

  test('that is damaged or gone is a warning', async () => {
    const folder = await tempFolder()
    const path = await put(join(folder, 'mine.json'), '{"hooks":')
    const place = await openPlace({
      hooks: { files: [path, join(folder, 'nowhere.json')] },
      script: () => ({ text: 'a' }),
    })
    await place.session.submitTurn('1').orThrow()
    await place.session.submitTurn('2').orThrow()
    const warnings = (await place.eventsOf('warning.raised')).map(({ message }) => message)
    expect(warnings).toEqual([
      expect.stringContaining(`${path}: it cannot be read`),
      expect.stringContaining('nowhere.json'),
    ])
  })
})

test("warnings of files are in the log once per session, with the file's name", async () => {
  const place = await openPlace({
    resources: snapshot(
      claudeHooks({
        Nope: [],
        PreToolUse: [{ matcher: '(', hooks: [{ type: 'command', command: 'true' }, { type: 'smoke' }] }],
        WorktreeCreate: [],
      }),
    ),
    script: () => ({ text: 'a' }),
  })
  await place.session.submitTurn('1').orThrow()
  await place.session.submitTurn('2').orThrow()
  const warnings = (await place.eventsOf('warning.raised')).map(({ message }) => message)
  expect(warnings).toHaveLength(3)
  for (const warning of warnings) expect(warning).toContain('/nowhere/hooks/hooks.json: ')
  expect(warnings.join('\n')).toMatch(/"Nope" is no hook event[^]*"smoke"[^]*the matcher "\("/)
})

describe('a swap of resources', () => {
  test('is for the next turn: one that runs keeps the handlers it began with', async () => {
    const [before, after] = [new Payloads(await tempFolder()), new Payloads(await tempFolder())]
    const swap = recorder('shell', () => {
      place.runtime.replaceResources(snapshot(claudeHooks({ Stop: note(after), PostToolUse: note(after) })))
      return 'swapped'
    })
    const place = await openPlace({
      resources: snapshot(claudeHooks({ Stop: note(before), PostToolUse: note(before) })),
      script: [...shellScript('x').slice(0, 2), { text: 'Next.' }],
      init: { tools: [swap] },
    })
    await place.session.submitTurn('1').orThrow()
    expect((await before.all()).map(({ hook_event_name: name }) => name)).toEqual(['PostToolUse', 'Stop'])
    await place.session.submitTurn('2').orThrow()
    expect((await after.all()).map(({ hook_event_name: name }) => name)).toEqual(['Stop'])
    expect(await before.all()).toHaveLength(2)
  })

  test('brings hooks into a session that had none, and takes them away', async () => {
    const payloads = new Payloads(await tempFolder())
    const place = await openPlace({ script: () => ({ text: 'a' }) })
    await place.session.submitTurn('1').orThrow()
    place.runtime.replaceResources(snapshot(claudeHooks({ UserPromptSubmit: note(payloads) })))
    await place.session.submitTurn('2').orThrow()
    place.runtime.replaceResources(snapshot())
    await place.session.submitTurn('3').orThrow()
    expect((await payloads.all()).map(({ prompt }) => prompt)).toEqual(['2'])
  })
})

describe('ConfigChange', () => {
  const settings = (hooks: Json): DeclaredResource => file('/w/.claude/settings.json', { hooks })

  test('tells which file changed, before it is applied', async () => {
    const payloads = new Payloads(await tempFolder())
    const place = await openPlace({
      resources: snapshot(settings({ ConfigChange: note(payloads) })),
      script: () => ({ text: 'a' }),
    })
    await place.session.submitTurn('1').orThrow()
    place.runtime.replaceResources(snapshot(settings({ ConfigChange: note(payloads), Stop: [] })))
    await place.session.submitTurn('2').orThrow()
    await place.session.submitTurn('3').orThrow()
    expect(await payloads.all()).toMatchObject([
      { hook_event_name: 'ConfigChange', source: 'project_settings', file_path: '/w/.claude/settings.json' },
    ])
  })

  test('keeps a change from being applied, for as long as the file says the same', async () => {
    const payloads = new Payloads(await tempFolder())
    const guard = [{ hooks: [{ type: 'command', command: 'echo no >&2; exit 2' }] }]
    const guarded = { ConfigChange: guard, UserPromptSubmit: note(payloads) }
    const place = await openPlace({ resources: snapshot(settings(guarded)), script: () => ({ text: 'a' }) })
    await place.session.submitTurn('1').orThrow()
    for (const turn of ['2', '3']) {
      place.runtime.replaceResources(snapshot(settings({})))
      await place.session.submitTurn(turn).orThrow()
    }
    place.runtime.replaceResources(snapshot())
    await place.session.submitTurn('4').orThrow()
    expect((await payloads.all()).map(({ prompt }) => prompt)).toEqual(['1', '2', '3', '4'])
    expect((await place.runs()).filter(({ event }) => event === 'ConfigChange')).toHaveLength(2)
  })

  test('is not told of what only lies elsewhere in the list', async () => {
    const payloads = new Payloads(await tempFolder())
    const one = settings({ ConfigChange: note(payloads) })
    const two = file('/w/.halter/hooks.json', { hooks: {} })
    const place = await openPlace({ resources: snapshot(one, two), script: () => ({ text: 'a' }) })
    await place.session.submitTurn('1').orThrow()
    place.runtime.replaceResources(snapshot(structuredClone(two), structuredClone(one)))
    await place.session.submitTurn('2').orThrow()
    expect(await payloads.all()).toEqual([])
  })
})

test('with `settings: false` only bundles and the configuration count', async () => {
  const payloads = new Payloads(await tempFolder())
  const place = await openPlace({
    hooks: { settings: false },
    resources: snapshot(
      file('/w/.claude/settings.json', { hooks: { Stop: note(payloads) } }),
      claudeHooks({ Stop: note(payloads) }),
    ),
    script: [{ text: 'a' }],
  })
  await place.session.submitTurn('x').orThrow()
  expect(await payloads.all()).toMatchObject([{ plugin_id: 'guards' }])
})

test('a handler asks for more files to be watched, and a handler without a matcher is told of them', async () => {
  const listeners = new Map<string, () => void>()
  const watcher = definePlugin({
    name: 'test/watcher',
    apiVersion: 1,
    provides: ['watcher'],
    setup: () => ({
      watcher: {
        watch(path: string, onChange: () => void) {
          listeners.set(path, onChange)
          return () => {}
        },
      },
    }),
  })
  const folder = await tempFolder()
  const seen: Json[] = []
  const place = await openPlace({
    plugins: [watcher],
    hooks: {
      functions: [
        defineHook('SessionStart', () => ({ hookSpecificOutput: { watchPaths: [join(folder, 'a')] } })),
        defineHook('FileChanged', ({ file_path: path }) => {
          seen.push(path!)
          return { hookSpecificOutput: { watchPaths: [join(folder, 'b')] } }
        }),
      ],
    },
    script: [{ text: 'a' }],
  })
  await place.session.submitTurn('x').orThrow()
  expect([...listeners.keys()]).toEqual([join(folder, 'a')])
  await writeFile(join(folder, 'a'), '1')
  listeners.get(join(folder, 'a'))!()
  await expect.poll(() => [...listeners.keys()]).toEqual([join(folder, 'a'), join(folder, 'b')])
  expect(seen).toEqual([join(folder, 'a')])
})

test('a FileChanged handler is told of the files that its matcher names, and only of those', async () => {
  const payloads = new Payloads(await tempFolder())
  const folder = await tempFolder()
  const listeners = new Map<string, () => void>()
  const stopped: string[] = []
  const watcher = definePlugin({
    name: 'test/watcher',
    apiVersion: 1,
    provides: ['watcher'],
    setup: () => ({
      watcher: {
        watch(path: string, onChange: () => void) {
          listeners.set(path, onChange)
          return () => void stopped.push(path)
        },
      },
    }),
  })
  const place = await openPlace({
    plugins: [watcher],
    resources: snapshot(
      claudeHooks({
        FileChanged: [{ matcher: '.envrc|.env', hooks: [{ type: 'command', command: payloads.command() }] }],
      }),
    ),
    script: () => ({ text: 'a' }),
    init: { workingDir: folder },
  })
  await place.session.submitTurn('x').orThrow()
  await place.session.submitTurn('y').orThrow()
  const path = join(folder, '.envrc')
  expect([...listeners.keys()].toSorted()).toEqual([join(folder, '.env'), path])
  const change = async (act: () => Promise<unknown>, count: number): Promise<void> => {
    await act()
    listeners.get(path)!()
    await expect.poll(() => payloads.all()).toHaveLength(count)
  }
  await change(() => writeFile(path, 'A=1'), 1)
  await change(() => writeFile(path, 'A=22'), 2)
  await change(async () => {}, 2)
  await change(() => rm(path), 3)
  expect(await payloads.all()).toMatchObject([
    { hook_event_name: 'FileChanged', file_path: path, event: 'add' },
    { event: 'change' },
    { event: 'unlink' },
  ])
  await place.session.detach()
  await expect.poll(() => stopped.toSorted()).toEqual([join(folder, '.env'), path])
})
