import type { HookHandler } from './hook-handler.ts'

/** What runs, in words that a person recognises: the command, the address, the beginning of the prompt. One line. */
export function describeHandler(handler: HookHandler): string {
  return clipLine(wordsOf(handler))
}

function wordsOf(handler: HookHandler): string {
  switch (handler.type) {
    case 'command':
      return [handler.command, ...(handler.args ?? [])].join(' ')
    case 'http':
      return handler.url
    case 'prompt':
    case 'agent':
      return `${handler.type}: ${handler.prompt}`
    case 'function':
      return handler.id.split(':', 1)[0]!
  }
}

function clipLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}
