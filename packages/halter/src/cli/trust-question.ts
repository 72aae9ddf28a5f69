import type { TrustAnswer, TrustQuestion } from '@halter/core/host'
import type { Output } from './output.ts'
import { readLine } from './terminal-approvals.ts'

/** Asks at the terminal whether a folder's configuration may be applied. */
export async function askForTrust({ folder, file }: TrustQuestion, output: Output): Promise<TrustAnswer> {
  return await output.whileAsking(async (write) => {
    write(`\n${folder} brings a configuration:\n  ${file}\n`)
    write('It can run code and decide what tools may do. Read it before you say yes.\n')
    for (;;) {
      write('Apply it? [y]es until it changes, only this [o]nce, [n]o, go on without it: ')
      const answer = (await readLine())?.trim().toLowerCase()
      if (answer === undefined || answer === 'n' || answer === 'no') return 'no'
      if (answer === 'y' || answer === 'yes') return 'always'
      if (answer === 'o' || answer === 'once') return 'once'
    }
  })
}
