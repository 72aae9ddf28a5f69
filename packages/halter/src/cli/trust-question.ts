import { relative } from 'node:path'
import type { TrustAnswer, TrustQuestion } from '@halter/core/host'
import type { Output } from './output.ts'
import { readLine } from './terminal-approvals.ts'

/** Asks at the terminal whether what a folder brings may be applied. */
export async function askForTrust(question: TrustQuestion, output: Output): Promise<TrustAnswer> {
  return await output.whileAsking(async (write) => {
    write(`\n${describeQuestion(question)}\n`)
    write('It can run code and decide what tools may do. Read it before you say yes.\n')
    for (;;) {
      write(TRUST_CHOICES)
      const line = await readLine()
      const answer = line === undefined ? 'no' : readTrust(line)
      if (answer) return answer
    }
  })
}

/** The answers there are, before the place where one is written. */
export const TRUST_CHOICES = 'Apply it? [y]es until it changes, only this [o]nce, [n]o, go on without it: '

/** What an answer means; undefined: nothing. */
export function readTrust(line: string): TrustAnswer | undefined {
  const answer = line.trim().toLowerCase()
  if (answer === 'n' || answer === 'no') return 'no'
  if (answer === 'y' || answer === 'yes') return 'always'
  return answer === 'o' || answer === 'once' ? 'once' : undefined
}

/** What is asked about, a line each. */
export function describeQuestion({ folder, content }: TrustQuestion): string {
  const lines = content.map(({ path, files, hasChanged, kind }) => {
    const more =
      kind === 'folder' ? counted(files) : files > 1 ? `with ${counted(files - 1)} that it names` : ''
    const notes = [more, hasChanged && 'changed since you trusted it'].filter(Boolean)
    return `  ${relative(folder, path) || path}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`
  })
  return `${folder} brings:\n${lines.join('\n')}`
}

function counted(files: number): string {
  return files === 0 ? 'more files than can be read' : files === 1 ? '1 file' : `${files} files`
}
