import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Preset } from '@halter/core'
import memoryStore from '@halter/plugin-memory-store'
import hooks, { defineHook, type HookDefinition, type HooksOptions } from '@halter/plugin-hooks'
import presetDefault from '@halter/preset-default'
import { figure, type Figure } from '../figure.ts'
import { inTurn } from '../rounds.ts'
import { ourSteps } from '../steps.ts'
import { openSubject, type Subject } from '../subject.ts'
import { NO_TAPS } from '../taps.ts'

const STEPS = 200
const ROUNDS = 25
const COMMAND_STEPS = 25
const COMMAND_ROUNDS = 9
const COMMAND = 'exit 0'

/**
 * W13: what hook files and functions cost per tool call: the plugin alone, one and ten functions on `PreToolUse`, and one command. The
 * floor is the same turn without the plugin; for the command it is the program alone, started, told the same, and waited for.
 */
export async function hookHandlers(): Promise<readonly Figure[]> {
  await using without = await openSubject({ taps: NO_TAPS, preset: withoutHooks() })
  await using none = await openHooked({})
  await using one = await openHooked({ functions: functions(1) })
  await using ten = await openHooked({ functions: functions(10) })
  await using command = await openHooked({ hooks: commandHooks() })
  const us = await inTurn(ROUNDS, {
    without: () => stepTime(without),
    none: () => stepTime(none),
    one: () => stepTime(one),
    ten: () => stepTime(ten),
  })
  const ms = await inTurn(COMMAND_ROUNDS, { bare: barePrograms, command: () => commandTime(command) })
  const line = { row: 'W13', unit: 'µs/call', floor: us.without, floorIs: 'the same turn without the plugin' }
  return [
    figure({
      ...line,
      work: 'hooks plugin, nothing to run',
      ours: us.none,
      goal: { of: 'difference', atMost: 10 },
    }),
    figure({ ...line, work: 'one function before each tool call', ours: us.one }),
    figure({ ...line, work: 'ten functions before each tool call', ours: us.ten }),
    figure({
      row: 'W13',
      work: 'one command before each tool call',
      unit: 'ms/call',
      ours: ms.command,
      floor: ms.bare,
      floorIs: 'the command alone',
      goal: { of: 'ratio', atMost: 1.5 },
    }),
  ]
}

function openHooked(options: Partial<HooksOptions>): Promise<Subject> {
  return openSubject({ taps: NO_TAPS, plugins: [memoryStore, [hooks, { settings: false, ...options }]] })
}

/** The default plugins but the one that is measured. */
function withoutHooks(): Preset {
  const plugins = presetDefault.plugins.filter((entry) => entry !== hooks)
  if (plugins.length !== presetDefault.plugins.length - 1) throw new Error('the preset has no hooks plugin')
  return { name: 'without hooks', plugins }
}

function functions(count: number): readonly HookDefinition[] {
  return Array.from({ length: count }, (_, index) =>
    defineHook('PreToolUse', () => undefined, { name: `look-${index}` }),
  )
}

function commandHooks(): NonNullable<HooksOptions['hooks']> {
  return { PreToolUse: [{ hooks: [{ type: 'command', command: COMMAND }] }] }
}

/** Microseconds that this thread runs in a step with one tool call: the difference of two wall times is mostly noise. */
async function stepTime(subject: Subject): Promise<number> {
  return (await ourSteps(subject, STEPS)).cpuUsPerStep
}

/** Milliseconds of a step whose tool call a command has to let through. */
async function commandTime(subject: Subject): Promise<number> {
  return (await ourSteps(subject, COMMAND_STEPS)).usPerStep / 1000
}

/** The same shell for the same text, told a payload of usual size, one after the other. Milliseconds each. */
async function barePrograms(): Promise<number> {
  const payload = JSON.stringify({ hook_event_name: 'PreToolUse', tool_input: { text: 'x'.repeat(500) } })
  const start = performance.now()
  for (let index = 0; index < COMMAND_STEPS; index++) {
    const child = spawn(process.env['SHELL'] || '/bin/sh', ['-c', COMMAND], {
      env: { PATH: process.env['PATH'], SHLVL: '1' },
      stdio: 'pipe',
      detached: true,
    })
    child.stdin.on('error', () => {}).end(payload)
    child.stdout.resume()
    child.stderr.resume()
    await once(child, 'close')
  }
  return (performance.now() - start) / COMMAND_STEPS
}
