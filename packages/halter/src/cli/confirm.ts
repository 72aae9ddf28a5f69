import { isInteractive } from './open-runtime.ts'
import type { Output } from './output.ts'
import { readLine } from './terminal-approvals.ts'
import { UsageError } from './usage-error.ts'

/**
 * Asks at the terminal whether something that cannot be undone is to be done.
 * @throws UsageError where nobody can be asked.
 */
export async function confirm(question: string, command: string, output: Output): Promise<boolean> {
  if (!isInteractive()) throw new UsageError(`${question} Nobody can be asked here: say --yes.`, command)
  return await output.whileAsking(async (write) => {
    write(`${question} [y]es, [n]o: `)
    return /^y(es)?$/i.test((await readLine())?.trim() ?? '')
  })
}
