import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Tool, ToolContext, ToolOutput } from '@halter/core'

/** A working directory with a folder beside it that no tool may touch. */
export interface Sandbox {
  readonly root: string
  readonly outside: string
  /** What tools emitted, in order; like the runtime, no more than about 1 MiB of it. */
  readonly emitted: string[]
  /** Writes a file below the working directory and returns its absolute path. */
  file(path: string, content: string | Uint8Array): string
  context(signal?: AbortSignal): ToolContext
  /** Validates the input as the runtime does, then runs the tool. */
  call(tool: Tool, input: object, signal?: AbortSignal): Promise<Answer>
  /** Runs what `session.resource` was told to defer, as the end of the session does. */
  endSession(): Promise<void>
  remove(): Promise<void>
}

/** A tool's result with its text at hand. */
export interface Answer {
  readonly text: string
  readonly isError: boolean
  readonly parts: ToolOutput['parts']
}

/** Makes a sandbox of real folders. */
export function openSandbox(): Sandbox {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'halter-tools-')))
  const [root, outside] = [join(base, 'root'), join(base, 'outside')]
  mkdirSync(root)
  mkdirSync(outside)
  const emitted: string[] = []
  let emittedLength = 0
  const resources = new Map<string, unknown>()
  const cleanups: (() => void | Promise<void>)[] = []
  const context = (signal = new AbortController().signal): ToolContext => ({
    callId: 'call-1',
    sessionId: '00000000-0000-7000-8000-000000000000',
    turnId: 'turn-1',
    blueprint: { workingDir: root } as ToolContext['blueprint'],
    workingDir: root,
    signal,
    emit: (text) => {
      emittedLength += text.length
      if (emittedLength < 1024 * 1024) emitted.push(text)
    },
    session: {
      resource: <T>(key: string, open: (defer: (cleanup: () => void | Promise<void>) => void) => T): T => {
        if (!resources.has(key))
          resources.set(
            key,
            open((cleanup) => cleanups.push(cleanup)),
          )
        return resources.get(key) as T
      },
    } as ToolContext['session'],
  })
  const endSession = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
    resources.clear()
  }
  return {
    root,
    outside,
    emitted,
    file: (path, content) => {
      const target = join(root, path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, content)
      return target
    },
    context,
    call: async (tool, input, signal) => answerOf(await run(tool, input, context(signal))),
    endSession,
    remove: async () => {
      await endSession()
      rmSync(base, { recursive: true, force: true })
    },
  }
}

async function run(tool: Tool, input: object, ctx: ToolContext): Promise<ToolOutput> {
  const checked = await tool.validate(input as Parameters<Tool['validate']>[0])
  if (checked.issues) throw new Error(`the input is refused: ${JSON.stringify(checked.issues)}`)
  return (await tool.execute(checked.value, ctx)) as ToolOutput
}

function answerOf({ parts, isError }: ToolOutput): Answer {
  const text = parts.map((part) => (part.kind === 'text' ? part.text : `<${part.kind}>`)).join('\n')
  return { text, isError: isError ?? false, parts }
}

/** Whether a process does anything any more: one that only waits for its parent to notice its end does not. */
export function isRunning(pid: number): boolean {
  try {
    if (process.platform === 'linux') return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
