import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { factsOf, findHookEvent, HOOK_EVENTS, type HookEventName } from '../src/hook-events.ts'

const NAMES = Object.keys(HOOK_EVENTS) as HookEventName[]

/** All that the reference implementation and Claude Code's hooks reference name. */
const KNOWN =
  `SessionStart SessionEnd UserPromptSubmit PreToolUse PostToolUse PostToolUseFailure Notification Stop SubagentStart
  SubagentStop PreCompact PostCompact PermissionRequest PermissionDenied Elicitation ElicitationResult WorktreeCreate WorktreeRemove
  FileChanged CwdChanged InstructionsLoaded ConfigChange Setup TeammateIdle TaskCreated TaskCompleted StopFailure PostSampling
  PostToolBatch UserPromptExpansion PreModelSwitch PostModelSwitch MessageDisplay DirectoryAdded`.split(/\s+/)

test('every known event is there, and no other', () => {
  expect(NAMES.toSorted()).toEqual(KNOWN.toSorted())
})

test('an event is found in any case style', () => {
  const styles: readonly ((name: string) => string)[] = [
    (name) => name,
    (name) => name.toUpperCase(),
    (name) => name[0]!.toLowerCase() + name.slice(1),
    (name) => name.replace(/(?!^)([A-Z])/g, '_$1').toLowerCase(),
    (name) => name.replace(/(?!^)([A-Z])/g, '-$1').toLowerCase(),
    (name) => name.replace(/(?!^)([A-Z])/g, ' $1'),
  ]
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.constantFrom(...styles), (name, style) => {
      expect(findHookEvent(style(name))).toBe(name)
    }),
  )
})

test('what is no event is not found, names of objects least of all', () => {
  for (const name of ['', 'PreTool', 'constructor', '__proto__', 'toString', 'PreToolUseX'])
    expect(findHookEvent(name)).toBeUndefined()
})

test('only events that nothing here is a moment for are said never to be dispatched', () => {
  const never = NAMES.filter((name) => factsOf(name).isNeverDispatched)
  expect(never.toSorted()).toEqual(
    `DirectoryAdded Elicitation ElicitationResult MessageDisplay PostSampling PreModelSwitch Setup TeammateIdle
     UserPromptExpansion WorktreeCreate WorktreeRemove`.split(/\s+/),
  )
})
