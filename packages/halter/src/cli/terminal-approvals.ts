import type { Json } from '@halter/protocol'
import { definePlugin, type ApprovalReply, type ApprovalRequest, type Plugin } from '@halter/core'
import { describeCall } from './describe-event.ts'
import type { Output } from './output.ts'
import { printable, printableLine } from './printable.ts'

/**
 * Fills the slot `approvals` by asking at the terminal. Where there is none, the call is denied, and the person who reads
 * stderr later is told how to allow it.
 */
export function terminalApprovals(output: Output, isInteractive: boolean): Plugin {
  let last: Promise<unknown> = Promise.resolve()
  return definePlugin({
    name: 'halter/terminal-approvals',
    apiVersion: 1,
    provides: ['approvals'],
    setup: () => ({
      approvals: {
        ask(request, signal) {
          if (!isInteractive) {
            output.complain(
              `${describeCall(request.name, request.input)} was denied, because nobody is here to ask. Allow it with --allow-tool ${request.name}`,
            )
            return Promise.resolve(undefined)
          }
          // One question at a time, in the order they came.
          const answer = last.then(() => askAtTerminal(request, output, signal))
          last = answer.catch(() => {})
          return answer
        },
      },
    }),
  })
}

async function askAtTerminal(
  request: ApprovalRequest,
  output: Output,
  signal: AbortSignal,
): Promise<ApprovalReply | undefined> {
  if (signal.aborted) return undefined
  return await output.whileAsking(async (write) => {
    const why = request.reason === undefined ? '' : ` (${printableLine(request.reason)})`
    write(`\nMay ${request.name} run?${why}\n${describeInput(request.input)}`)
    for (;;) {
      write(`[y]es, for this [s]ession, [a]lways, [n]o and why: `)
      const line = await readLine(signal)
      if (line === undefined) return undefined
      const reply = readReply(line)
      if (reply) return reply
    }
  })
}

/** Everything that the tool will get, a line per key: what is left out could be what matters. */
function describeInput(input: Json): string {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  const entries = isObject ? Object.entries(input) : [['input', input] as const]
  return entries
    .map(([key, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      return `  ${printableLine(key)}: ${printable(text).replaceAll('\n', '\n    ')}\n`
    })
    .join('')
}

/** `n it is too early` denies with a reason; what cannot be understood is asked again. */
export function readReply(line: string): ApprovalReply | undefined {
  const [, word = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) ?? []
  switch (word.toLowerCase().replace(/[,.:]$/, '')) {
    case 'y':
    case 'yes':
    case 'once':
      return { answer: 'once' }
    case 's':
    case 'session':
      return { answer: 'session' }
    case 'a':
    case 'always':
      return { answer: 'always' }
    case 'n':
    case 'no':
      return rest === '' ? { answer: 'deny' } : { answer: 'deny', reason: rest }
    default:
      return undefined
  }
}

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
