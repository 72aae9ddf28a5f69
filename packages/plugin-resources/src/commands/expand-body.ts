import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isHalterError, type SessionPort, type ToolCallResult } from '@halter/core'
import { textOf, type ToolResultPart, type UserPart } from '@halter/protocol'
import { fillCommand, valueOf, type Arguments } from './fill-command.ts'
import { splitArguments } from './invocation.ts'
import { parseTemplate, type Fragment, type Piece } from './template.ts'

/** Of one body. More is a mistake, or an attempt to keep the session busy. */
const MAX_COMMANDS = 32
const MAX_FILES = 64
/** Characters of a body with everything in it. */
const MAX_LENGTH = 1024 * 1024

/** What a body became; or why it could not become anything. */
export type Expansion =
  | {
      readonly text: string
      /** Files and pictures that belong to it. */
      readonly parts: readonly UserPart[]
      /** The commands that were run, in order. */
      readonly commands: readonly string[]
      readonly problem?: undefined
    }
  | { readonly text?: undefined; readonly problem: string }

/** What a body is expanded with. */
export interface ExpansionContext {
  readonly session: SessionPort
  readonly signal: AbortSignal
}

/** Ends an expansion; its message is the problem. */
class Refusal extends Error {}

/**
 * Fills in the arguments of a body, runs its commands with the tool `shell` and reads its files with the tool `read`: guards, approvals
 * and roots are those of every call. A command that may not run, fails to or runs out of time is a problem of the whole; an exit code is
 * not, it is shown. A file that may not be read is named in the text. What comes in is not read again.
 * @throws what ended the turn.
 */
export async function expandBody(body: string, args: string, context: ExpansionContext): Promise<Expansion> {
  const { pieces, takesArguments } = parseTemplate(body)
  const { sessionId: session, workingDir: project } = context.session.blueprint
  const given: Arguments = { all: args, words: splitArguments(args), session, project }
  const expanding = new Expanding(given, context)
  try {
    let text = ''
    const put = (more: string): void => {
      text += more
      const length = expanding.parts.reduce((sum, part) => sum + lengthOf(part), text.length)
      if (length > MAX_LENGTH) throw new Refusal(`it has grown over ${MAX_LENGTH} characters`)
    }
    for (const piece of pieces) put(await expanding.expand(piece))
    if (!takesArguments && args !== '') put(`\n\nARGUMENTS: ${args}`)
    const { parts, commands } = expanding
    return { text, parts, commands }
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.message }
    throw error
  }
}

class Expanding {
  readonly parts: UserPart[] = []
  readonly commands: string[] = []
  readonly #given: Arguments
  readonly #context: ExpansionContext
  readonly #files = new Set<string>()

  constructor(given: Arguments, context: ExpansionContext) {
    this.#given = given
    this.#context = context
  }

  async expand(piece: Piece): Promise<string> {
    switch (piece.kind) {
      case 'text':
        return piece.text
      case 'argument':
        return this.#argument(piece)
      case 'shell':
        return this.#run(piece)
      case 'file':
        await this.#show(piece.path)
        return piece.written.map((each) => this.#argument(each)).join('')
    }
  }

  /** An argument that was not given stays as it is written: it may be no place for one at all. */
  #argument(fragment: Fragment): string {
    if (fragment.kind === 'text') return fragment.text
    return valueOf(fragment.which, this.#given) ?? fragment.written
  }

  async #run({ command: fragments }: Extract<Piece, { readonly kind: 'shell' }>): Promise<string> {
    const { command, problem } = fillCommand(fragments, this.#given)
    if (problem !== undefined) throw new Refusal(problem)
    if (command.trim() === '') return ''
    if (this.commands.length >= MAX_COMMANDS) throw new Refusal(`it has more than ${MAX_COMMANDS} commands`)
    this.commands.push(command)
    const result = await this.#call('shell', { command })
    if (!result) throw new Refusal('it needs the tool "shell", which this turn does not have')
    const { outcome, parts } = result
    const output = textOf({ parts })
    if (outcome === 'ok') return shellOutput(output)
    const what = outcome === 'denied' ? 'was not allowed' : 'failed'
    throw new Refusal(`its command ${JSON.stringify(command)} ${what}: ${lastLine(output)}`)
  }

  async #show(fragments: readonly Fragment[]): Promise<void> {
    const path = fragments.map((each) => this.#argument(each)).join('')
    const { workingDir } = this.#context.session.blueprint
    if (path.includes('\0') || this.#files.has(path)) return
    // What is not there is a word with an "@" before it: a name, a decorator, a package.
    if (!(await exists(resolve(workingDir, path)))) return
    if (this.#files.size >= MAX_FILES) throw new Refusal(`it shows more than ${MAX_FILES} files`)
    this.#files.add(path)
    const name = JSON.stringify(path)
    const complain = (why: string): void =>
      void this.parts.push({ kind: 'text', text: `[${name} could not be read: ${why}]` })
    const result = await this.#call('read', { file_path: path })
    if (!result) return complain('this turn has no tool for that')
    const { outcome, parts } = result
    if (outcome !== 'ok') return complain(lastLine(textOf({ parts })))
    this.parts.push({ kind: 'text', text: `<file path=${name}>\n${textOf({ parts })}\n</file>` })
    this.parts.push(...parts.filter(isMedia))
  }

  /** Undefined: the turn has no such tool. */
  async #call(name: string, input: { readonly [key: string]: string }): Promise<ToolCallResult | undefined> {
    const { session, signal } = this.#context
    try {
      return await session.callTool(name, input, { signal })
    } catch (error) {
      signal.throwIfAborted()
      if (isHalterError(error, 'ERR_TOOL_UNKNOWN')) return undefined
      throw error
    }
  }
}

/** Without what the tool says of a command that went well: it holds the time it took, and the same prompt should stay the same. */
function shellOutput(output: string): string {
  return output.replace(/\n?\[Exit code 0 after [^[\]\n]*s\.\]$/, '').replace(/^\[No output\.\]$/, '')
}

function isMedia(part: ToolResultPart): part is Extract<ToolResultPart, { kind: 'image' | 'document' }> {
  return part.kind === 'image' || part.kind === 'document'
}

function lengthOf(part: UserPart): number {
  return part.kind === 'text' ? part.text.length : 0
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
