import { basename, join } from 'node:path'
import { findSkills } from './find-skills.ts'
import { markdownFiles, type NamedFile } from './markdown-files.ts'
import {
  fileOptions,
  manifestPath,
  manifestPaths,
  manifestValue,
  refuse,
  usualPlace,
  type PluginReader,
} from './plugin-reader.ts'
import { readAgent } from './read-agent.ts'
import { readCommand, type CommandDefaults } from './read-command.ts'
import { isObject } from './read-json.ts'
import { firstParagraph, readSkillFolder } from './read-skill.ts'
import { fillPlaceholders, valuesOf } from './placeholders.ts'
import { shownPath } from './read-markdown.ts'

/** The skills of `skills/` and of the folders that the manifest adds; or a SKILL.md in the plugin's own folder, if it has neither. */
export async function readSkills(reader: PluginReader): Promise<void> {
  const { root, plugin, manifest, looks, found } = reader
  const isComplete = manifest?.isListed === true && manifestValue(reader, 'skills') !== undefined
  const usual = isComplete ? undefined : usualPlace(reader, 'skills', 'folder')
  const named = manifestPaths(reader, 'skills')
  const isPortable = manifest?.isPortable ?? false
  const folders = new Set([...(usual === undefined ? [] : [usual]), ...named])
  if (
    !isPortable &&
    manifestValue(reader, 'skills') === undefined &&
    looks.kind(join(root, 'skills')) === 'none'
  ) {
    if (looks.kind(join(root, 'SKILL.md')) === 'file') folders.add(root)
  }
  const skills = new Set([...folders].flatMap((folder) => findSkills(folder, looks, isPortable)))
  for (const skill of skills) {
    const { skill: resource, problems } = await readSkillFolder(skill, {
      plugin,
      looks,
      within: root,
      isStrict: isPortable,
      shownRoot: shownPath(skill, fileOptions(reader)),
      ...(skill === root && { name: plugin.name }),
    })
    found.problems.push(...problems)
    if (resource) found.skills.push(resource)
  }
  for (const folder of named)
    if (findSkills(folder, looks).length === 0)
      refuse(reader, 'skills', `There is no SKILL.md in or below ${folder}.`, 'Add one, or correct the path.')
}

/** The agents of `agents/`, or of what the manifest names in its place. */
export async function readAgents(reader: PluginReader): Promise<void> {
  for (const file of namedFiles(reader, 'agents')) {
    const { resource, problems } = await readAgent(file, fileOptions(reader))
    reader.found.problems.push(...problems)
    if (resource) reader.found.agents.push(resource)
  }
}

/** The commands of `commands/`, or of what the manifest names in its place: files, folders, or a map. */
export async function readCommands(reader: PluginReader): Promise<void> {
  const value = manifestValue(reader, 'commands')
  if (isObject(value)) {
    for (const [name, entry] of Object.entries(value)) await readMapped(reader, name, entry)
    return
  }
  for (const file of namedFiles(reader, 'commands')) await addCommand(reader, file)
}

async function addCommand(reader: PluginReader, file: NamedFile, defaults?: CommandDefaults): Promise<void> {
  const { resource, problems } = await readCommand(file, fileOptions(reader), defaults)
  reader.found.problems.push(...problems)
  if (resource) reader.found.commands.push(resource)
}

/** A command of the manifest's map: a file, or the text itself. */
async function readMapped(reader: PluginReader, name: string, entry: unknown): Promise<void> {
  const { plugin, manifest, found } = reader
  const { source, content, description, argumentHint, model, allowedTools } = isObject(entry) ? entry : {}
  if ((typeof source === 'string') === (typeof content === 'string')) {
    refuse(
      reader,
      name,
      `The command "${name}" has not exactly one of "source" and "content".`,
      'Give it one.',
    )
    return
  }
  const defaults: CommandDefaults = {
    ...(typeof description === 'string' && { description }),
    ...(typeof argumentHint === 'string' && { argumentHint }),
    ...(typeof model === 'string' && { model }),
    ...(Array.isArray(allowedTools) && { allowedTools: allowedTools.map(String) }),
  }
  if (typeof source === 'string') {
    const file = manifestPath(reader, name, source)
    if (file !== undefined) await addCommand(reader, { file, name }, defaults)
    return
  }
  const body = fillPlaceholders(typeof content === 'string' ? content.trim() : '', valuesOf(plugin))
  found.commands.push({
    name,
    description: firstParagraph(body),
    body,
    source: shownPath(manifest!.file, fileOptions(reader)),
    plugin,
    ...defaults,
  })
}

/** The markdown files of a kind: in the usual folder, or where the manifest says. */
function namedFiles(reader: PluginReader, key: 'agents' | 'commands'): readonly NamedFile[] {
  const { looks } = reader
  if (manifestValue(reader, key) === undefined) {
    const folder = usualPlace(reader, key, 'folder')
    return folder === undefined ? [] : markdownFiles(folder, looks)
  }
  return manifestPaths(reader, key).flatMap((path) => {
    if (looks.kind(path) === 'folder') return markdownFiles(path, looks)
    if (path.endsWith('.md')) return [{ file: path, name: basename(path, '.md') }]
    refuse(
      reader,
      key,
      `"${key}" names ${path}, which is no markdown file.`,
      'Name a .md file, or a folder of them.',
    )
    return []
  })
}
