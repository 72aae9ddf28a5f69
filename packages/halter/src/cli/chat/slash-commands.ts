import type { CommandResource, ResourceSnapshot, SkillResource } from '@halter/core'
import type { OpenRuntime } from '../open-runtime.ts'
import type { ChatServices } from './chat-services.ts'
import type { Conversation } from './conversation.ts'

/** What a command may use. */
export interface SlashContext {
  readonly open: OpenRuntime
  /** Reads configuration and plugins again, all of it or nothing. */
  reload(): Promise<void>
  readonly conversation: Conversation
  services(): ChatServices
  /** Columns that there are. */
  readonly width: number
  /** What was asked for: whole lines, as they are to be shown. */
  show(text: string): void
  /** Something about it. */
  note(text: string): void
  leave(): void
}

/** A command of the chat itself. */
export interface SlashCommand {
  readonly name: string
  readonly usage?: string
  readonly summary: string
  /** True for one that has to wait for the end of a turn. */
  readonly needsIdle?: true
  /** True for one that may take until the next step of a running turn: other lines do not wait for it. */
  readonly canWait?: true
  run(ctx: SlashContext, words: string): Promise<void>
}

/** The chat's own commands, in the order of the help. What they do is loaded when one is called. */
export const SLASH_COMMANDS: readonly SlashCommand[] = [
  {
    name: 'help',
    summary: 'these commands, and the keys',
    run: async (ctx) => (await import('./slash-help.ts')).showHelp(ctx),
  },
  {
    name: 'model',
    usage: '[id]',
    summary: 'the model; with an id, that one from the next turn on',
    run: async (ctx, words) => (await import('./slash-session.ts')).model(ctx, words),
  },
  {
    name: 'context',
    summary: 'what the model was shown, part by part, in tokens',
    run: async (ctx) => (await import('./slash-session.ts')).context(ctx),
  },
  {
    name: 'cost',
    summary: 'what the session has spent',
    run: async (ctx) => (await import('./slash-session.ts')).cost(ctx),
  },
  {
    name: 'compact',
    usage: '[what to keep]',
    summary: 'replace old messages by a summary, at the next step',
    canWait: true,
    run: async (ctx, words) => (await import('./slash-session.ts')).compact(ctx, words),
  },
  {
    name: 'fork',
    usage: '[seq]',
    summary: 'go on in a copy of the session, up to an event where one is named',
    needsIdle: true,
    run: async (ctx, words) => (await import('./slash-session.ts')).fork(ctx, words),
  },
  {
    name: 'resume',
    usage: '[session]',
    summary: 'go on with another session; without one, those of this folder',
    needsIdle: true,
    run: async (ctx, words) => (await import('./slash-session.ts')).resume(ctx, words),
  },
  {
    name: 'tools',
    summary: 'the tools that the model has',
    run: async (ctx) => (await import('./slash-help.ts')).showTools(ctx),
  },
  {
    name: 'reload',
    summary: 'read configuration and plugins again; a running turn keeps what it began with',
    run: async (ctx) => (await import('./slash-reload.ts')).reload(ctx),
  },
  {
    name: 'quit',
    summary: 'leave',
    run: async (ctx) => ctx.leave(),
  },
]

/** What a line is: a command of the chat, or something for the session. */
export type SlashLine =
  | { readonly kind: 'command'; readonly command: SlashCommand; readonly words: string }
  /** A prompt; also the `/name` of a command or skill, which the session itself expands. */
  | { readonly kind: 'prompt' }
  | { readonly kind: 'unknown'; readonly name: string }

/** `known`: names of commands and skills that the session has; undefined: nobody knows, so that any name goes there. */
export function readSlash(line: string, known: readonly string[] | undefined): SlashLine {
  const [, name, words = ''] = /^\/([\w:.-]+)(?:\s+([\s\S]*))?$/.exec(line) ?? []
  // A path such as /etc/hosts is no command.
  if (name === undefined) return { kind: 'prompt' }
  const command = SLASH_COMMANDS.find((each) => each.name === (ALIASES.get(name) ?? name))
  if (command) return { kind: 'command', command, words: words.trim() }
  return known === undefined || known.includes(name) ? { kind: 'prompt' } : { kind: 'unknown', name }
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ['exit', 'quit'],
  ['q', 'quit'],
  ['?', 'help'],
])

/** The commands and skills that a person may call by `/name`. */
export function invocable({
  commands,
  skills,
}: ResourceSnapshot): readonly (CommandResource | SkillResource)[] {
  return [...commands, ...skills.filter(({ userInvocable = true }) => userInvocable)]
}

/** The resources as they are now; undefined where no plugin has any, or they cannot be read. */
export async function currentResources({
  services,
  conversation,
}: Pick<SlashContext, 'services' | 'conversation'>): Promise<ResourceSnapshot | undefined> {
  const { resources } = services()
  try {
    return await resources?.snapshot(conversation.session.blueprint, AbortSignal.timeout(5_000))
  } catch {
    return undefined
  }
}
