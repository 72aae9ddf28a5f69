/** A fenced block of a README, and what its info string asks for: "ts", "ts fragment", "yaml file=halter.yaml". */
export interface Block {
  /** Line of its fence in the README. */
  readonly line: number
  readonly language: string
  readonly words: readonly string[]
  readonly text: string
}

/** The fenced blocks of a markdown text, in order. */
export function readBlocks(markdown: string): Block[] {
  const fence = /^```([^\n`]*)\n([\s\S]*?)^```$/gm
  return Array.from(markdown.matchAll(fence), (match) => {
    const [language = '', ...words] = (match[1] as string).trim().split(/\s+/)
    const line = markdown.slice(0, match.index).split('\n').length
    return { line, language, words, text: match[2] as string }
  })
}

/** The name after `file=`: such a block is a file that lies beside the examples. */
export function fileNameOf({ words }: Block): string | undefined {
  return words.find((word) => word.startsWith('file='))?.slice('file='.length)
}

/** A program: every TypeScript block that is not a file, and does not say that it is a fragment. */
export function isProgram(block: Block): boolean {
  return block.language === 'ts' && fileNameOf(block) === undefined && !block.words.includes('fragment')
}

/** A program that registers tests runs in the test runner. */
export function isTestFile({ text }: Block): boolean {
  return /from '(vitest|@halter\/testkit)'/.test(text)
}

/** The block right after a program, when it is the program's output: "text output". */
export function outputOf(blocks: readonly Block[], program: Block): string | undefined {
  const next = blocks[blocks.indexOf(program) + 1]
  return next?.words.includes('output') ? next.text : undefined
}
