import { resolve } from 'node:path'
import { findHookEvent } from '@halter/plugin-hooks'
import { checkResources, type CheckedFolder, type ResourceProblem } from '@halter/plugin-resources/read'
import type { OptionValues } from './command-spec.ts'
import type { RESOURCES_VALIDATE } from './commands/resources.ts'
import type { Output } from './output.ts'

/** `halter resources validate`: exit code 1 when something is an error; with `--strict`, or a warning. */
export async function validateResources(
  options: OptionValues<(typeof RESOURCES_VALIDATE)['options']>,
  folders: readonly string[],
  output: Output,
): Promise<number> {
  const counts = { error: 0, warning: 0, note: 0 }
  for (const folder of folders) {
    if (output.readerGone.aborted) break
    const checked = await checkResources(resolve(folder), {
      isHookEvent: (name) => findHookEvent(name) !== undefined,
    })
    for (const { severity } of checked.problems) counts[severity] += 1
    if (options.json) for (const problem of checked.problems) output.json(problem)
    else output.data(describe(folder, checked))
  }
  if (!options.json)
    output.talk(
      `${several(counts.error, 'error')}, ${several(counts.warning, 'warning')}, ${several(counts.note, 'note')}.`,
    )
  return counts.error > 0 || (options.strict && counts.warning > 0) ? 1 : 0
}

function describe(folder: string, { summary, problems }: CheckedFolder): string {
  const root = resolve(folder)
  return `${folder}: ${summary}\n${problems.map((problem) => describeProblem(problem, root, folder)).join('')}`
}

/** The path as the author wrote it, so that it can be clicked; what is wrong; what to do. */
function describeProblem(
  { severity, file, line, message, cure }: ResourceProblem,
  root: string,
  folder: string,
): string {
  const shown = file.startsWith(root) ? `${folder.replace(/\/$/, '')}${file.slice(root.length)}` : file
  const place = line === undefined ? shown : `${shown}:${line}`
  const indent = ' '.repeat(9)
  return `${severity.padEnd(9)}${place}\n${indent}${message}\n${cure === '' ? '' : `${indent}${cure}\n`}`
}

function several(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
