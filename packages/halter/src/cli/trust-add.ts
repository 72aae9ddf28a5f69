import { halterHome } from '@halter/core'
import { openQuestion, readProject, recordTrust } from '@halter/core/host'
import type { OptionValues } from './command-spec.ts'
import type { TRUST_ADD } from './commands/config.ts'
import { confirm } from './confirm.ts'
import { workingFolder } from './load-configuration.ts'
import type { Output } from './output.ts'
import { describeQuestion } from './trust-question.ts'

/** `halter trust add`: exit code 1 when the answer was no, or some of it cannot be trusted for good. */
export async function addTrust(
  options: OptionValues<(typeof TRUST_ADD)['options']>,
  [folder]: readonly string[],
  output: Output,
): Promise<number> {
  const home = halterHome()
  const project = await readProject(workingFolder(folder))
  const question = openQuestion(project, home)
  if (question.content.length === 0) {
    const found = project.content.length === 0 ? 'brings nothing that could run' : 'is trusted already'
    output.talk(`${project.root} ${found}.`)
    return 0
  }
  output.talk(describeQuestion(question))
  const isSure =
    options.yes ||
    (await confirm('It can run code and decide what tools may do. Trust it?', 'trust add', output))
  if (!isSure) return 1
  recordTrust(home, project.root, project.content)
  const left = openQuestion(project, home).content
  for (const { path } of left)
    output.complain(`${path} has more files than can be read: it is asked about each time.`)
  output.talk('Trusted, until any of it changes.')
  return left.length > 0 ? 1 : 0
}
