import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, watch } from 'node:fs'
import { createServer } from 'node:net'
import { definePlugin, type Plugin } from '@halter/core'
import { checkRules, pluginRules } from '@halter/testkit'
import { describe, expect, onTestFinished, test } from 'vitest'

/** A plugin with this setup. */
function plugin(
  setup: (defer: (cleanup: () => void | Promise<void>) => void) => void | Promise<void>,
): Plugin {
  return definePlugin({
    name: 'acme-plugin',
    apiVersion: 1,
    async setup({ defer }) {
      await setup(defer)
      return {}
    },
  })
}

const noTimer = 'no timer is left when it was stopped'
const noHandle = 'no socket, server, watcher, worker or child process is left when it was stopped'

const leaving: readonly [string, string, () => Plugin][] = [
  ['an interval, unref’d', noTimer, () => plugin(() => void setInterval(() => {}, 60_000).unref())],
  [
    'a timeout that is made later',
    noTimer,
    () =>
      plugin(async () => {
        await Promise.resolve()
        setTimeout(() => {}, 60_000).unref()
      }),
  ],
  [
    'a server',
    noHandle,
    () =>
      plugin(async () => {
        const server = createServer().unref()
        onTestFinished(() => void server.close())
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      }),
  ],
  [
    'a watcher',
    noHandle,
    () =>
      plugin(() => {
        const watcher = watch(import.meta.dirname).unref()
        onTestFinished(() => watcher.close())
      }),
  ],
  [
    'a child process',
    noHandle,
    () =>
      plugin(() => {
        const child: ChildProcess = spawn(process.execPath, ['--eval', 'setTimeout(() => {}, 60_000)'], {
          stdio: 'ignore',
        })
        child.unref()
        onTestFinished(() => void child.kill('SIGKILL'))
      }),
  ],
  [
    'a listener',
    'no listener on the process is left when it was stopped',
    () =>
      plugin(() => {
        const listener = (): void => {}
        const name = `acme-${process.eventNames().length}` // Node warns of eleven for one event
        process.on(name, listener)
        onTestFinished(() => void process.off(name, listener))
      }),
  ],
  [
    'an open file',
    'no file is left open when it was stopped',
    () =>
      plugin(() => {
        const file = openSync(import.meta.filename, 'r')
        onTestFinished(() => closeSync(file))
      }),
  ],
]

describe('a plugin that leaves something behind is caught by the rule it breaks', () => {
  test.each(leaving)('%s', async (_, name, make) => {
    const left = make()
    const outcomes = await checkRules(pluginRules, { entry: () => left })
    const broken = outcomes.filter(({ status }) => status === 'broken').map((outcome) => outcome.name)
    expect(broken).toEqual([
      name,
      'a reload without it stops it, and leaves nothing of it',
      'when another plugin fails to start after it, nothing of it is left',
    ])
  })

  test('and says where it was made', async () => {
    const rules = pluginRules.filter(({ name }) => name === noTimer)
    const [outcome] = await checkRules(rules, { entry: leaving[0]![2] })
    expect(String(outcome!.error)).toContain('broken-plugins.test.ts')
  })
})

/** Only the first start works. */
function startsOnce(): Plugin {
  let isStarted = false
  return plugin(() => {
    if (isStarted) throw new Error('it is already there')
    isStarted = true
  })
}

/** One state for all runtimes: the end of one is the end of all. */
function sharesItsState(): Plugin {
  let isOpen = false
  return definePlugin({
    name: 'acme-plugin',
    apiVersion: 1,
    setup({ defer, hooks }) {
      isOpen = true
      defer(() => void (isOpen = false))
      hooks.tap('prompt.guard', () => (isOpen ? undefined : { deny: 'the connection is closed' }))
      return {}
    },
  })
}

/** Ends what it began when a turn ends, not when it is stopped. */
function endsWithTheTurn(): Plugin {
  return definePlugin({
    name: 'acme-plugin',
    apiVersion: 1,
    setup({ hooks }) {
      const timer = setInterval(() => {}, 60_000).unref()
      hooks.tap('turn.end', () => clearInterval(timer))
      return {}
    },
  })
}

const broken: readonly [string, () => Plugin][] = [
  [
    'its manifest is one that others can rely on',
    () => ({ ...plugin(() => {}), requires: ['logger', 'logger'] }),
  ],
  ['its manifest is one that others can rely on', () => ({ ...plugin(() => {}), name: '../plugin' })],
  [
    'a turn ends well with it',
    () =>
      definePlugin({
        name: 'acme-plugin',
        apiVersion: 1,
        setup({ hooks }) {
          hooks.tap('prompt.guard', () => ({ deny: 'not today' }))
          return {}
        },
      }),
  ],
  ['it can be set up again after it was stopped', startsOnce],
  ['two runtimes can have it at the same time', sharesItsState],
  [
    'its cleanups neither fail nor hang',
    () => plugin((defer) => defer(() => Promise.reject(new Error('no')))),
  ],
  ['when another plugin fails to start after it, nothing of it is left', endsWithTheTurn],
]

describe('a broken plugin is caught by the rule it breaks', () => {
  test.each(broken)('%s', async (name, make) => {
    const rule = pluginRules.filter((each) => each.name === name)
    const made = make()
    expect(await checkRules(rule, { entry: () => made })).toMatchObject([{ name, status: 'broken' }])
  })

  test('and every rule catches one', () => {
    const caught = new Set([...broken.map(([name]) => name), ...leaving.map(([, name]) => name)])
    expect(pluginRules.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([
      'a reload without it stops it, and leaves nothing of it', // every one that leaves something
    ])
  })
})

test('a plugin that ends what it began keeps every rule', async () => {
  const tidy = plugin(async (defer) => {
    const timer = setInterval(() => {}, 60_000)
    defer(() => clearInterval(timer))
    const server = createServer()
    defer(() => new Promise((resolve) => server.close(() => resolve())))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const watcher = watch(import.meta.dirname)
    defer(() => watcher.close())
    const file = openSync(import.meta.filename, 'r')
    defer(() => closeSync(file))
    const listener = (): void => {}
    process.on('exit', listener)
    defer(() => void process.off('exit', listener))
  })
  const outcomes = await checkRules(pluginRules, { entry: () => tidy })
  expect(outcomes.filter(({ status }) => status !== 'kept')).toEqual([])
})

test('a plugin that says it is exclusive need not be there twice', async () => {
  const exclusive = { ...plugin(() => {}), exclusive: true }
  const outcomes = await checkRules(pluginRules, { entry: () => exclusive })
  expect(outcomes.filter(({ status }) => status === 'skipped')).toMatchObject([
    { name: 'two runtimes can have it at the same time', reason: 'it says that it is exclusive' },
  ])
})
