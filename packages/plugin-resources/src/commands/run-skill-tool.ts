import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { HalterError, type SkillResource, type ToolContext, type ToolOutput } from '@halter/core'
import { expandBody } from './expand-body.ts'
import { findNamed, nearestName } from './find-invocable.ts'
import { skillHeading } from './skill-text.ts'
import type { SkillInput } from './skill-tool.ts'
import type { GrantBook } from './turn-grants.ts'

/** Of a skill's file. A larger one is for a program, not for a model. */
const MAX_FILE_BYTES = 256 * 1024

/** Does the work of the tool `skill`. What it throws, the model reads. */
export async function runSkillTool(
  input: SkillInput,
  ctx: ToolContext,
  book: GrantBook,
): Promise<ToolOutput | string> {
  const { skills } = await ctx.session.resources()
  const usable = skills.filter(({ modelInvocable }) => modelInvocable !== false)
  const skill = findNamed(input.name, usable)
  if (!skill) throw failure(whyNot(input.name, skills, usable))
  if (input.file !== undefined) return readSkillFile(skill, input.file)
  book.open(ctx.turnId).add(`The skill "${skill.name}"`, skill.allowedTools)
  const { session, signal } = ctx
  const expansion = await expandBody(skill.body, input.arguments?.trim() ?? '', { session, signal })
  if (expansion.problem !== undefined)
    throw failure(`The skill "${skill.name}" could not be loaded: ${expansion.problem}.`)
  const text = (await skillHeading(skill)) + expansion.text
  return {
    parts: [
      { kind: 'text', text },
      ...expansion.parts.filter((part) => part.kind !== 'native' && part.kind !== 'blob'),
    ],
  }
}

function whyNot(name: string, all: readonly SkillResource[], usable: readonly SkillResource[]): string {
  if (findNamed(name, all))
    return `The skill "${name}" is for the user to call, by /${name}. Ask them to, or go on without it.`
  if (usable.length === 0) return `There is no skill "${name}", nor any other. Go on without one.`
  const nearest = nearestName(
    name,
    usable.map((each) => each.name),
  )
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  const names = usable.map((each) => each.name).toSorted()
  return `There is no skill "${name}".${hint} There are: ${names.slice(0, 50).join(', ')}${names.length > 50 ? ', …' : ''}.`
}

/** A file of a skill's folder, which a link in it must not lead out of. */
async function readSkillFile({ name, root }: SkillResource, file: string): Promise<string> {
  if (root === undefined) throw failure(`The skill "${name}" has no files.`)
  const missing = `The skill "${name}" has no file ${JSON.stringify(file)}. Load the skill without "file" for a list.`
  const top = await realpath(root)
  const path = await realpath(join(top, file)).catch(() => undefined)
  if (path === undefined || !isBelow(path, top)) throw failure(missing)
  // Not blocking: a pipe would be waited for. Windows has no such flag; "or" takes what is undefined as 0.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw failure(missing)
    if (stats.size > MAX_FILE_BYTES)
      throw failure(
        `${path} has ${stats.size} bytes, more than can be shown. Use a command that takes what you need.`,
      )
    const bytes = await handle.readFile()
    if (bytes.includes(0)) throw failure(`${path} is no text. Use a command that understands its format.`)
    return bytes.toString('utf8')
  } finally {
    await handle.close()
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function failure(message: string): HalterError {
  return new HalterError('ERR_TOOL_FAILED', message)
}
