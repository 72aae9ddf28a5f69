/** `JSON.parse` whose error always says where: V8 leaves the place out when it quotes the text instead. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const { message } = error as SyntaxError
    if (message.includes('(line ')) throw error
    const before = text.slice(0, unexpectedAt(text)).split('\n')
    const place = `(line ${before.length} column ${before.at(-1)!.length + 1})`
    throw new SyntaxError(`${message.replace(/, ".*/s, '')} ${place}`, { cause: error })
  }
}

/** Where the parser stops: a text cut off before that place only lacks its end, and one cut off behind it does not. */
function unexpectedAt(text: string): number {
  let low = 0
  let high = text.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (lacksItsEnd(text.slice(0, middle + 1))) low = middle + 1
    else high = middle
  }
  return low
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
