import type { AgentResource } from '@halter/core'
import { Attributes } from './attributes.ts'
import type { NamedFile } from './markdown-files.ts'
import { fillPlaceholders, valuesOf } from './placeholders.ts'
import { Problems } from './problem.ts'
import { readMarkdown, shownPath, type ReadFileOptions, type ReadResult } from './read-markdown.ts'
import { firstParagraph } from './read-skill.ts'

/** Keys of Claude Code's agents, and whether they mean something here. */
const KNOWN = ['name', 'description', 'tools', 'model', 'color']
const WITHOUT_EFFECT = [
  'disallowedTools',
  'permissionMode',
  'maxTurns',
  'skills',
  'mcpServers',
  'hooks',
  'memory',
  'background',
  'effort',
  'isolation',
  'initialPrompt',
  'capabilities',
]

/** Reads an agent definition: a prompt, with a role's name, tools and model as front matter. Tools are named as the file names them. */
export async function readAgent(
  { file, name: fileName }: NamedFile,
  options: ReadFileOptions,
): Promise<ReadResult<AgentResource>> {
  const { plugin } = options
  const problems = new Problems(file)
  const document = await readMarkdown(file, problems, options)
  if (!document) return { problems: problems.list }
  const attributes = new Attributes(document, problems)
  if (document.body === '') {
    problems.error('It has no prompt.', 'Write below the front matter what the agent is to do.')
    return { problems: problems.list }
  }
  const name = attributes.text('name') ?? fileName
  let description = attributes.text('description')
  if (description === undefined) {
    description = firstParagraph(document.body)
    problems.warning(
      'It has no description: its first paragraph stands for one.',
      'Add one to its front matter: when to use this agent.',
    )
  }
  for (const key of attributes.keys())
    if (WITHOUT_EFFECT.includes(key))
      problems.note(`"${key}" has no effect here.`, 'Leave it for other agents.', attributes.line(key))
    else if (!KNOWN.includes(key))
      problems.note(`"${key}" is no key of an agent.`, 'Correct it, or take it out.', attributes.line(key))
  const tools = attributes.list('tools')
  const model = attributes.text('model')
  const resource: AgentResource = {
    name,
    description,
    prompt: fillPlaceholders(document.body, valuesOf(plugin)),
    source: shownPath(file, options),
    ...(plugin && { plugin }),
    ...(tools && !(tools.length === 1 && tools[0] === '*') && { tools }),
    ...(model !== undefined && model !== 'inherit' && { model }),
  }
  return { resource, problems: problems.list }
}
