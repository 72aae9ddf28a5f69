import { join } from 'node:path'
import type { InstructionResource } from '@halter/core'
import { leadsOut, type FileLooks } from './file-looks.ts'
import { Problems, type ResourceProblem } from './problem.ts'

/** Of one folder, the first that exists. */
export const INSTRUCTION_NAMES = ['AGENTS.md', 'CLAUDE.md']
/** Of one file; what is beyond is left out, with a notice. Bytes. */
const MAX_BYTES = 32 * 1024

/** Instruction files, outermost first, and what is wrong with some. */
export interface Instructions {
  readonly instructions: readonly InstructionResource[]
  readonly problems: readonly ResourceProblem[]
}

/**
 * AGENTS.md of the user, then AGENTS.md, or else CLAUDE.md, of each folder. A link that leads out of the outermost folder is not
 * followed: a repository must not have the model shown a file of the user's.
 */
export function readInstructions(
  userFile: string | undefined,
  folders: readonly string[],
  looks: FileLooks,
): Instructions {
  const files = folders.flatMap((folder) => {
    const file = INSTRUCTION_NAMES.map((name) => join(folder, name)).find(
      (each) => looks.kind(each) === 'file',
    )
    return file === undefined || file === userFile ? [] : [read(file, folders[0], looks)]
  })
  if (userFile !== undefined && looks.kind(userFile) === 'file')
    files.unshift(read(userFile, undefined, looks))
  return {
    instructions: files.flatMap(({ instructions }) => instructions),
    problems: files.flatMap(({ problems }) => problems),
  }
}

function read(file: string, within: string | undefined, looks: FileLooks): Instructions {
  const problems = new Problems(file)
  if (within !== undefined && leadsOut(file, within)) {
    problems.error(`It leads out of ${within}, and is not used.`, 'Put a file in its place.')
    return { instructions: [], problems: problems.list }
  }
  const content = looks.text(file)
  if ('problem' in content) {
    problems.error(content.problem, content.cure)
    return { instructions: [], problems: problems.list }
  }
  const { text, size } = content
  if (text.trim() === '') return { instructions: [], problems: [] }
  if (size <= MAX_BYTES) return { instructions: [{ source: file, text }], problems: [] }
  const cut = `has ${size} bytes, of which only the first ${MAX_BYTES} are used`
  problems.warning(`It ${cut}.`, 'Shorten it.')
  return {
    instructions: [{ source: file, text: `${firstBytes(text, MAX_BYTES)}\n\n[This file ${cut}.]` }],
    problems: problems.list,
  }
}

/** At most so many bytes of a text, in whole characters. */
function firstBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true })
}
