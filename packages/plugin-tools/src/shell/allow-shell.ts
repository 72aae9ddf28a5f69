/**
 * Whether a command may run without being asked for: it is an entry, letter by letter, or it begins with the words of an entry
 * and consists of plain words alone. Anything that a shell could read as more than words and single spaces (quotes, expansions,
 * separators, redirections, patterns, line ends) is no plain word, so it needs the exact entry or a yes.
 */
export function isAllowedCommand(command: string, entries: readonly string[]): boolean {
  if (entries.includes(command)) return true
  const words = plainWords(command)
  return words !== undefined && entries.some((entry) => beginsWith(words, plainWords(entry)))
}

// Nothing outside ASCII: bidirectional marks and look-alikes make a command read as another.
const PLAIN_WORDS = /^[A-Za-z0-9_./:@%+,=-]+(?: [A-Za-z0-9_./:@%+,=-]+)*$/

function plainWords(text: string): readonly string[] | undefined {
  return PLAIN_WORDS.test(text) ? text.split(' ') : undefined
}

function beginsWith(words: readonly string[], entry: readonly string[] | undefined): boolean {
  return entry !== undefined && entry.every((word, index) => words[index] === word)
}
