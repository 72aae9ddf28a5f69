import type { CommandResource } from '@halter/core'
import { Attributes } from './attributes.ts'
import type { NamedFile } from './markdown-files.ts'
import { fillPlaceholders, valuesOf } from './placeholders.ts'
import { Problems } from './problem.ts'
import { readMarkdown, shownPath, type ReadFileOptions, type ReadResult } from './read-markdown.ts'
import { firstParagraph, hint } from './read-skill.ts'

const KNOWN = ['description', 'argument-hint', 'allowed-tools', 'model', 'disable-model-invocation']
const WITHOUT_EFFECT = ['name', 'context', 'agent', 'hooks', 'effort', 'user-invocable', 'arguments', 'shell']

/** What a manifest may say of a command in the place of its file. */
export type CommandDefaults = Partial<
  Pick<CommandResource, 'description' | 'argumentHint' | 'allowedTools' | 'model'>
>

/** Reads a command: a prompt that a user calls by the name of its file. */
export async function readCommand(
  { file, name }: NamedFile,
  options: ReadFileOptions,
  defaults: CommandDefaults = {},
): Promise<ReadResult<CommandResource>> {
  const { plugin } = options
  const problems = new Problems(file)
  const document = await readMarkdown(file, problems, options)
  if (!document) return { problems: problems.list }
  const attributes = new Attributes(document, problems)
  if (document.body === '') {
    problems.error('It has no text.', 'Write below the front matter what the command asks for.')
    return { problems: problems.list }
  }
  for (const key of attributes.keys())
    if (WITHOUT_EFFECT.includes(key))
      problems.note(`"${key}" has no effect here.`, 'Leave it for other agents.', attributes.line(key))
    else if (!KNOWN.includes(key))
      problems.note(`"${key}" is no key of a command.`, 'Correct it, or take it out.', attributes.line(key))
  const argumentHint = hint(attributes) ?? defaults.argumentHint
  const allowedTools = attributes.list('allowed-tools') ?? defaults.allowedTools
  const model = attributes.text('model') ?? defaults.model
  const resource: CommandResource = {
    name,
    description: attributes.text('description') ?? defaults.description ?? firstParagraph(document.body),
    body: fillPlaceholders(document.body, valuesOf(plugin)),
    source: shownPath(file, options),
    ...(plugin && { plugin }),
    ...(argumentHint !== undefined && { argumentHint }),
    ...(allowedTools && { allowedTools }),
    ...(model !== undefined && model !== 'inherit' && { model }),
  }
  return { resource, problems: problems.list }
}
