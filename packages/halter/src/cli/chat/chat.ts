import { HalterError, type ApprovalRequest, type SessionHandle, type TurnOptions } from '@halter/core'
import { ModuleVersions, type TrustAnswer, type TrustQuestion } from '@halter/core/host'
import { allowedTools } from '../allowed-tools.ts'
import { ApprovalRules, keptApprovals } from '../approval-rules.ts'
import type { OptionValues } from '../command-spec.ts'
import type { CHAT } from '../commands/chat.ts'
import { INTERRUPTED, listenForInterrupts } from '../interrupts.ts'
import { workingFolder } from '../load-configuration.ts'
import { openRuntime, type RuntimeRequest } from '../open-runtime.ts'
import type { Output } from '../output.ts'
import { checkSessionOptions, readBudget, startSession, turnSettings } from '../start-session.ts'
import { askPerson, terminalApprovals, type ApprovalDecision } from '../terminal-approvals.ts'
import { chatServices } from './chat-services.ts'
import { Conversation, type ConversationView } from './conversation.ts'
import type { SlashContext } from './slash-commands.ts'

/** What a front end works with. */
export interface Chat {
  readonly conversation: Conversation
  readonly context: SlashContext
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly leave: AbortSignal
}

/** Who reads and shows: a terminal, or plain lines. */
export interface ChatFrontEnd extends ConversationView {
  /** True for a person at a terminal. */
  readonly isInteractive: boolean
  /** Columns that there are. */
  readonly width: number
  /** From now on what is written is shown. */
  open(): void
  close(): void
  /** Reads until there is nothing more. Resolves to the exit code. */
  run(chat: Chat, first: string): Promise<number>
  /** Asks a person. Absent: nobody is there. */
  ask?(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalDecision | undefined>
  askTrust?(question: TrustQuestion): Promise<TrustAnswer>
  show(text: string): void
  note(text: string): void
  leave(): void
}

type ChatOptions = OptionValues<(typeof CHAT)['options']>

/** `halter chat`. Resolves to the exit code. */
export async function chat(
  options: ChatOptions,
  positionals: readonly string[],
  output: Output,
): Promise<number> {
  checkSessionOptions(options, 'chat')
  const budget = await readBudget(options, 'chat')
  const front = await frontEnd(output)
  const interrupts = listenForInterrupts(
    (name) => front.note(`${name}: ending the turn, and leaving. Once more leaves at once.`),
    // A terminal that is closed. Not for a pipe: `nohup` would be overruled.
    front.isInteractive ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : undefined,
  )
  const rules = new ApprovalRules()
  const services = chatServices()
  let conversation: Conversation | undefined
  const cwd = workingFolder(options.cwd)
  const keep = {
    rules,
    folder: () => conversation?.session.blueprint.workingDir ?? cwd,
    tell: (sentence: string) => front.note(sentence),
  }
  const ask = front.ask?.bind(front)
  const request: RuntimeRequest & { readonly versions: ModuleVersions } = {
    ...options,
    versions: new ModuleVersions(),
    plugins: [
      services.plugin,
      keptApprovals(rules),
      ...(options['allow-tool']
        ? [allowedTools(options['allow-tool'], (message) => output.complain(message))]
        : []),
    ],
    fallbacks: [ask ? askPerson(ask, keep) : terminalApprovals(output, false, keep)],
  }
  const open = await openRuntime(request, output)
  try {
    if (interrupts.signal.aborted) return INTERRUPTED
    const started = await startSession(open, { options, budget }, output)
    front.open()
    const { signal } = interrupts
    const settingsOf = (session: SessionHandle, isResumed: boolean): TurnOptions => ({
      ...turnSettings({ session, isResumed }, options, budget),
      signal,
    })
    conversation = new Conversation(started, settingsOf, front)
    const askTrust = front.askTrust?.bind(front)
    const reload = async (): Promise<void> => {
      const { reloadRuntime } = await import('./reload-runtime.ts')
      await reloadRuntime(open, { ...request, ...(askTrust && { ask: orRefuse(askTrust) }) }, output)
    }
    const context = slashContext({ open, reload, conversation, services: services.now, front })
    const leave = AbortSignal.any([interrupts.signal, output.readerGone])
    const code = await front.run({ conversation, context, leave }, positionals.join(' '))
    await end(conversation)
    front.close()
    tellHowToGoOn(conversation.session, options, output)
    return code
  } finally {
    front.close()
    await open.runtime.shutdown()
    interrupts.stop()
  }
}

/** At a start, a "no" goes on without what the folder brings; at a reload that would take plugins away that run. */
function orRefuse(ask: (question: TrustQuestion) => Promise<TrustAnswer>): typeof ask {
  return async (question) => {
    const answer = await ask(question)
    if (answer !== 'no') return answer
    throw new HalterError('ERR_CONFIG_UNTRUSTED', `${question.folder} is not trusted as it is now.`)
  }
}

function slashContext({
  front,
  ...rest
}: Pick<SlashContext, 'open' | 'reload' | 'conversation' | 'services'> & {
  readonly front: ChatFrontEnd
}): SlashContext {
  return {
    ...rest,
    get width() {
      return front.width
    },
    show: (text) => front.show(text),
    note: (text) => front.note(text),
    leave: () => front.leave(),
  }
}

async function frontEnd(output: Output): Promise<ChatFrontEnd> {
  const canMove = process.stdin.isTTY && process.stdout.isTTY && process.env['TERM'] !== 'dumb'
  if (!canMove) return new (await import('./plain-chat.ts')).PlainChat(output)
  return new (await import('./terminal-chat.ts')).TerminalChat()
}

/** Ends what still runs, and waits until it was shown. */
async function end(conversation: Conversation): Promise<void> {
  if (conversation.isBusy) await conversation.interrupt('the chat was left')
  await conversation.whenIdle()
  conversation.close()
}

function tellHowToGoOn({ id, state }: SessionHandle, { ephemeral }: ChatOptions, output: Output): void {
  if (ephemeral || state.turns === 0) return
  output.talk(`Go on with it: halter chat --session ${id}`, 'dim')
}
