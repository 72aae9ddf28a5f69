import type { Json } from '@halter/protocol'
import { isAbsolute, join, relative } from 'node:path'
import type { FileLooks } from './file-looks.ts'
import {
  fileOptions,
  manifestPath,
  manifestValue,
  refuse,
  usualPlace,
  type PluginReader,
} from './plugin-reader.ts'
import { Problems, type ResourceProblem } from './problem.ts'
import { isObject, lineOfKey, readJson } from './read-json.ts'
import { shownPath } from './read-markdown.ts'

/** The hook files of a plugin: `hooks/hooks.json`, and what its manifest adds. They are parsed, and not interpreted. */
export function readHooks(reader: PluginReader): void {
  const { root, found, looks } = reader
  const usual = usualPlace(reader, 'hooks/hooks.json', 'file')
  const files = new Set<string>(usual === undefined ? [] : [usual])
  const inline: Json[] = []
  const value = manifestValue(reader, 'hooks')
  for (const [index, each] of (Array.isArray(value) ? value : value === undefined ? [] : [value]).entries()) {
    if (isObject(each)) inline.push(looks.once(reader.manifest!.file, `hooks ${index}`, () => wrapped(each)))
    else if (typeof each === 'string') {
      const file = manifestPath(reader, 'hooks', each)
      if (file !== undefined) files.add(file)
    } else refuse(reader, 'hooks', 'Its "hooks" are neither a path nor an object.', 'Write "./hooks.json".')
  }
  for (const file of files) {
    const name = isAbsolute(relative(root, file)) ? file : relative(root, file)
    const read = readHookFile(file, looks)
    found.problems.push(...read.problems)
    if (read.value) declare(reader, name, shownPath(file, fileOptions(reader)), read.value)
  }
  for (const [index, each] of inline.entries())
    declare(
      reader,
      `plugin.json#hooks${index === 0 ? '' : index + 1}`,
      shownPath(reader.manifest!.file, fileOptions(reader)),
      each,
    )
}

function declare({ plugin, found }: PluginReader, name: string, source: string, value: Json): void {
  found.hooks.push({ name, source, plugin, value })
}

/** Hooks of a plugin that nobody has looked at, such as one from the network: they are left out, with a warning. */
export function leaveOutHooks({ root, found }: PluginReader): void {
  const problems = new Problems(join(root, 'hooks'))
  if (found.hooks.length === 0) return
  problems.warning(
    'Its hooks are left out (remote_unsupported_component): they would run commands that came over the network.',
    'Copy the plugin into a folder of your own, read them, and name that folder.',
  )
  found.hooks.length = 0
  found.problems.push(...problems.list)
}

/** What a file says of hooks. As long as it does not change, `value` is the same object: whoever interprets it can keep that. */
export interface HookFile {
  readonly value?: Json
  readonly problems: readonly ResourceProblem[]
}

/** Reads `{ "hooks": { Event: [ … ] } }`; whether its handlers make sense is for whoever runs them. */
export function readHookFile(file: string, looks: FileLooks): HookFile {
  return looks.once(file, 'hooks', () => parseHookFile(file, looks))
}

/** The hooks of a settings file, and the switch that turns them off; nothing else of it. */
export function readSettingsHooks(file: string, looks: FileLooks): HookFile {
  return looks.once(file, 'settings', () => parseSettings(file, looks))
}

function parseHookFile(file: string, looks: FileLooks): HookFile {
  const problems = new Problems(file)
  const json = readJson(file, looks, problems)
  if (!json) return { problems: problems.list }
  const { hooks } = json.value
  if (isObject(hooks)) return { value: json.value, problems: problems.list }
  if (hooks !== undefined)
    problems.error(
      'Its "hooks" are no object.',
      'Write { "hooks": { "PreToolUse": [ … ] } }.',
      lineOfKey(json.text, 'hooks'),
    )
  else if (Object.values(json.value).some((each) => Array.isArray(each))) {
    problems.warning(
      'It has events without "hooks" around them.',
      'Write { "hooks": { … } } around them: other agents refuse it.',
      1,
    )
    return { value: wrapped(json.value), problems: problems.list }
  } else problems.error('It has no "hooks".', 'Write { "hooks": { "PreToolUse": [ … ] } }.', 1)
  return { problems: problems.list }
}

function parseSettings(file: string, looks: FileLooks): HookFile {
  const problems = new Problems(file)
  const json = readJson(file, looks, problems)
  if (!json) return { problems: problems.list }
  const { hooks, disableAllHooks } = json.value
  if (hooks === undefined && disableAllHooks === undefined) return { problems: problems.list }
  if (hooks !== undefined && !isObject(hooks)) {
    problems.error(
      'Its "hooks" are no object.',
      'Write { "PreToolUse": [ … ] }.',
      lineOfKey(json.text, 'hooks'),
    )
    return { problems: problems.list }
  }
  const value: Json = {
    hooks: hooks ?? {},
    ...(disableAllHooks !== undefined && { disableAllHooks }),
  }
  return { value, problems: problems.list }
}

function wrapped(value: Readonly<Record<string, Json>>): Json {
  return isObject(value['hooks']) ? value : { hooks: value }
}
