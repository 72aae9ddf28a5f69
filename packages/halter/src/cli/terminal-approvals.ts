import type { Json } from '@halter/protocol'
import { definePlugin, type ApprovalReply, type ApprovalRequest, type Plugin } from '@halter/core'
import type { ApprovalRules } from './approval-rules.ts'
import { describeCall } from './describe-event.ts'
import type { Output } from './output.ts'
import { printable, printableLine } from './printable.ts'

/** An answer, and how far it reaches when it is "always". */
export type ApprovalDecision = ApprovalReply & { readonly keep?: 'folder' | 'everywhere' }

/** Asks a person; undefined: nobody is there, or the question was taken back. */
export type AskPerson = (
  request: ApprovalRequest,
  signal: AbortSignal,
) => Promise<ApprovalDecision | undefined>

/** Where "always" is kept, and where the session that asks works. */
export interface KeepApprovals {
  readonly rules: ApprovalRules
  /** Absolute. */
  folder(): string
  /** Told what was kept, in a sentence. */
  tell(sentence: string): void
}

/** Fills the slot `approvals` with a person. One question at a time, in the order they came; "always" is kept. */
export function askPerson(ask: AskPerson, keep: KeepApprovals): Plugin {
  let last: Promise<unknown> = Promise.resolve()
  return definePlugin({
    name: 'halter/terminal-approvals',
    apiVersion: 1,
    provides: ['approvals'],
    setup: () => ({
      approvals: {
        ask(request, signal) {
          const answer = last.then(async () => {
            if (signal.aborted) return undefined
            const decision = await ask(request, signal)
            return decision && keepAnswer(decision, request, keep)
          })
          last = answer.catch(() => {})
          return answer
        },
      },
    }),
  })
}

/**
 * Asks at the terminal. Where there is none, the call is denied, and the person who reads stderr later is told how to allow it.
 */
export function terminalApprovals(output: Output, isInteractive: boolean, keep: KeepApprovals): Plugin {
  return askPerson(async (request, signal) => {
    if (isInteractive) return await askAtTerminal(request, output, signal)
    output.complain(
      `${describeCall(request.name, request.input)} was denied, because nobody is here to ask. Allow it with --allow-tool ${request.name}`,
    )
    return undefined
  }, keep)
}

function keepAnswer(
  { keep: reach, ...reply }: ApprovalDecision,
  { name, scope }: ApprovalRequest,
  keep: KeepApprovals,
): ApprovalReply {
  if (reach === undefined) return reply
  const { rules } = keep
  const folder = reach === 'folder' ? { folder: keep.folder() } : {}
  const where = reach === 'folder' ? `in ${keep.folder()}` : 'everywhere'
  try {
    rules.add({ tool: name, scope, ...folder })
    keep.tell(`Always allowed ${where}: ${coverage({ name, scope })}. It is kept in ${rules.file}.`)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    keep.tell(`Allowed for this session only, because it could not be kept: ${why}`)
  }
  return reply
}

async function askAtTerminal(
  request: ApprovalRequest,
  output: Output,
  signal: AbortSignal,
): Promise<ApprovalDecision | undefined> {
  return await output.whileAsking(async (write) => {
    write(`\n${describeQuestion(request)}\n`)
    for (;;) {
      write(APPROVAL_CHOICES)
      const line = await readLine(signal)
      if (line === undefined) return undefined
      const reply = readReply(line)
      if (reply) return reply
    }
  })
}

/** The answers there are, before the place where one is written. */
export const APPROVAL_CHOICES = '[y]es, this [s]ession, [a]lways here, always [e]verywhere, [n]o and why: '

/** Who wants to run what and why, with everything that the tool will get: what is left out could be what matters. */
export function describeQuestion({ name, input, reason, scope, by }: ApprovalRequest): string {
  const who = by === undefined ? '' : `, for ${printableLine(by)}`
  const why = reason === undefined ? '' : ` (${printableLine(reason)})`
  const lines = [`May ${printableLine(name)} run${who}?${why}`, ...describeInput(input)]
  if (scope === name) lines.push(`  Session and always would cover every call of ${printableLine(name)}.`)
  return lines.join('\n')
}

/** What an answer beyond this call covers. */
function coverage({ name, scope }: Pick<ApprovalRequest, 'name' | 'scope'>): string {
  if (scope === name) return `every call of ${name}`
  return scope.startsWith(`${name} `) ? scope : `${name} ${scope}`
}

/** A line per key of an input. */
function describeInput(input: Json): string[] {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  const entries = isObject ? Object.entries(input) : [['input', input] as const]
  return entries.map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `  ${printableLine(key)}: ${printable(text).replaceAll('\n', '\n    ')}`
  })
}

/** `n it is too early` denies with a reason; what cannot be understood is asked again. */
export function readReply(line: string): ApprovalDecision | undefined {
  const [, word = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) ?? []
  const answer = ANSWERS.get(word.toLowerCase().replace(/[,.:]$/, ''))
  // "no" may be followed by why; "yes, but …" is no yes.
  if (answer?.answer === 'deny') return rest === '' ? answer : { ...answer, reason: rest }
  return rest === '' ? answer : undefined
}

const ANSWERS: ReadonlyMap<string, ApprovalDecision> = new Map(
  (
    [
      [['y', 'yes', 'once'], { answer: 'once' }],
      [['s', 'session'], { answer: 'session' }],
      [['a', 'always'], { answer: 'always', keep: 'folder' }],
      [['e', 'everywhere'], { answer: 'always', keep: 'everywhere' }],
      [['n', 'no'], { answer: 'deny' }],
    ] as const
  ).flatMap(([words, answer]) => words.map((word): [string, ApprovalDecision] => [word, answer])),
)

/** A line of stdin; undefined at its end, or when the question was taken back. */
export async function readLine(signal?: AbortSignal): Promise<string | undefined> {
  const { createInterface } = await import('node:readline')
  return await new Promise((resolve) => {
    // Not in terminal mode: the terminal itself edits the line, and Ctrl-C stays a signal.
    const lines = createInterface({ input: process.stdin, terminal: false })
    const end = (line: string | undefined): void => {
      signal?.removeEventListener('abort', onAbort)
      resolve(line) // before the end of the interface, which is an answer too
      lines.close()
    }
    const onAbort = (): void => end(undefined)
    signal?.addEventListener('abort', onAbort, { once: true })
    lines.once('line', end)
    lines.once('close', () => end(undefined))
  })
}
