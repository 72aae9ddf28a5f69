import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import xterm from '@xterm/headless'
import { onTestFinished } from 'vitest'
import type { Place } from './halter.ts'

const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url))
const compileCache = fileURLToPath(new URL('../../../node_modules/.halter/compile-cache', import.meta.url))

const script = 'script'
/** True where `script` is that of util-linux and gives a command a terminal; the one of macOS takes other arguments. */
export const hasTerminal: boolean =
  spawnSync(script, ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false

/** A halter on a real pseudo-terminal, and what a person sees of it. */
export interface TerminalScreen {
  readonly pid: () => number
  /** Keys, as a keyboard sends them. */
  type(keys: string): void
  /** Everything that can be scrolled back to, and what is on the screen; rows without the spaces at their ends. */
  rows(): string[]
  /** The same, as one text. */
  text(): string
  /** Every byte that came. */
  bytes(): string
  /** Resolves once `text` can be seen; fails after 15 s or when the process ends first. */
  shows(text: string | RegExp): Promise<void>
  /** Resolves when nothing has changed for a moment. */
  settles(): Promise<void>
  resize(columns: number, rows: number): Promise<void>
  /** The terminal goes, as when its window is closed. */
  closeWindow(): void
  readonly finished: Promise<number | null>
}

/** Starts halter on a terminal of this size. */
export function onScreen(
  at: Place,
  args: readonly string[],
  {
    columns = 80,
    rows = 24,
    env = {},
  }: { columns?: number; rows?: number; env?: Record<string, string> } = {},
): TerminalScreen {
  const ttyFile = join(at.home, `../tty-${Math.random()}`)
  const quoted = [process.execPath, bin, ...args].map((arg) => `'${arg.replaceAll("'", String.raw`'\''`)}'`)
  const command = `tty > '${ttyFile}'; echo $$ >> '${ttyFile}'; stty cols ${columns} rows ${rows}; exec ${quoted.join(' ')}`
  // Node gives a CI no more colours than it knows that one to show, terminal or not.
  const { NO_COLOR: _, CI: _ci, ...inherited } = process.env
  const child = spawn(script, ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: at.cwd,
    env: {
      ...inherited,
      HALTER_HOME: at.home,
      NODE_COMPILE_CACHE: compileCache,
      TERM: 'xterm-256color',
      SHELL: '/bin/sh',
      ...env,
    },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true })
  let bytes = ''
  let lastChange = performance.now()
  let isOver = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    bytes += text
    lastChange = performance.now()
    terminal.write(text)
  })
  const finished = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      isOver = true
      resolve(code)
    }),
  )
  const readRows = (): string[] => {
    const { active } = terminal.buffer
    const lines = Array.from({ length: active.length }, (_, index) => active.getLine(index)!)
    const texts: string[] = []
    // What the terminal itself broke is one row, as it is to whoever copies it.
    for (const line of lines) {
      const text = line.translateToString(true)
      if (line.isWrapped) texts[texts.length - 1] += text
      else texts.push(text)
    }
    while (texts.at(-1)?.trim() === '') texts.pop()
    return texts.map((text) => text.trimEnd())
  }
  const parsed = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve))
  const screen: TerminalScreen = {
    pid: () => Number(readFileSync(ttyFile, 'utf8').split('\n')[1]),
    type: (keys) => void child.stdin.write(keys),
    rows: readRows,
    text: () => readRows().join('\n'),
    bytes: () => bytes,
    finished,
    closeWindow: () => void child.kill('SIGKILL'),
    async shows(text) {
      const deadline = performance.now() + 15_000
      for (;;) {
        const wasOver = isOver
        await parsed()
        const seen = screen.text()
        if (typeof text === 'string' ? seen.includes(text) : text.test(seen)) return
        if (wasOver || performance.now() > deadline)
          throw new Error(`it ${wasOver ? 'ended' : 'went on'} without ${String(text)}:\n${seen}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async settles() {
      while (performance.now() - lastChange < 250) await new Promise((resolve) => setTimeout(resolve, 50))
      await parsed()
    },
    async resize(newColumns, newRows) {
      await parsed()
      terminal.resize(newColumns, newRows)
      const [tty] = readFileSync(ttyFile, 'utf8').split('\n')
      spawnSync('stty', ['-F', tty!, 'cols', String(newColumns), 'rows', String(newRows)])
    },
  }
  return screen
}
