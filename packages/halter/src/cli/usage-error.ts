/** One thing that is wrong with a command line. */
export interface UsageProblem {
  readonly message: string
  /** A word that nobody knows, and those that could have been meant. */
  readonly unknown?: { readonly word: string; readonly known: readonly string[] }
  /** Said when nothing is near. */
  readonly cure?: string
}

/** The command line was wrong: exit code 2. */
export class UsageError extends Error {
  readonly problems: readonly UsageProblem[]
  /** The command it was meant for, so that its help can be pointed at. */
  readonly command: string | undefined

  constructor(problems: string | UsageProblem | readonly UsageProblem[], command?: string) {
    const list = typeof problems === 'string' ? [{ message: problems }] : [problems].flat()
    super(list.map(({ message }) => message).join('\n'))
    this.name = 'UsageError'
    this.problems = list
    this.command = command
  }
}

/** The problems and their cures, a line each. What finds the nearest word is loaded only now. */
export async function describeUsage({ problems, command }: UsageError): Promise<string> {
  const { nearestName } = await import('@halter/core')
  const lines = problems.map(({ message, unknown, cure }) => {
    const meant = unknown && nearestName(unknown.word, unknown.known)
    return [message, meant === undefined ? cure : `Did you mean ${meant}?`].filter(Boolean).join(' ')
  })
  const called = command === undefined ? 'halter' : `halter ${command}`
  return [...lines, `${called} --help tells how it is called.`].join('\n')
}
