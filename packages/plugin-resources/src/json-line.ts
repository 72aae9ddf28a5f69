import { lineAt } from './problem.ts'

/**
 * The line, from 1, at which `JSON.parse` gives up. V8 leaves the place out of its message when it quotes the text instead; but a text
 * that is cut off before that place only lacks its end, and one that is cut off behind it does not.
 */
export function lineOfJsonError(text: string): number {
  let low = 0
  let high = text.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (lacksItsEnd(text.slice(0, middle + 1))) low = middle + 1
    else high = middle
  }
  return lineAt(text, low)
}

function lacksItsEnd(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as SyntaxError
    if (message.includes('end of JSON input')) return true
    return Number(/at position (\d+)/.exec(message)?.[1]) >= text.length
  }
}
