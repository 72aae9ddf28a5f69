import type { Message, ToolCallId } from '@halter/protocol'

/** A model API whose rules for a conversation are checked. */
export type ModelApi = 'anthropic-messages' | 'openai-chat' | 'openai-responses' | 'gemini'

/** Where a transcript breaks a rule of an API: sent like this, the request would be refused. */
export interface TranscriptProblem {
  readonly api: ModelApi
  /** Short and stable: `call-without-result`. */
  readonly rule: TranscriptRule
  /** Index of the message in the transcript. */
  readonly index: number
  readonly message: string
}

/** The rules, by name; which API has which, and where it says so, stands beside each check. */
export type TranscriptRule =
  | 'blob-not-loaded'
  | 'call-id-malformed'
  | 'call-id-twice'
  | 'call-not-after-user'
  | 'call-without-result'
  | 'empty-message'
  | 'first-not-user'
  | 'result-not-first'
  | 'result-order'
  | 'result-twice'
  | 'result-without-call'
  | 'thinking-last'

/** Every API that {@link checkTranscript} knows. */
export const MODEL_APIS: readonly ModelApi[] = Object.freeze([
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'gemini',
])

/**
 * What the given APIs (absent: all) would refuse in a transcript. The transcript is laid out first as a provider plugin lays
 * it out on the wire, on these assumptions about every such plugin:
 * text of nothing but white space is left out; thinking is sent back only with its signature, and only to an API that wants
 * it back; a `native` part of another provider is its fallback text, or nothing; the input of a malformed call is sent as an
 * empty object; neighbours of one role become one turn where the API has turns.
 * A transcript need not end with the user: the next prompt is still to come. It must not end with an open call.
 */
export function checkTranscript(
  messages: Iterable<Message>,
  apis: readonly ModelApi[] = MODEL_APIS,
): readonly TranscriptProblem[] {
  const all = [...messages]
  return apis.flatMap((api) => {
    const problems: TranscriptProblem[] = []
    const report: Report = (rule, index, message) => problems.push({ api, rule, index, message })
    CHECKS[api](
      all.map((message, index) => layOut(message, index, api)),
      report,
    )
    return problems
  })
}

type Report = (rule: TranscriptRule, index: number, message: string) => void

/** What a message says, piece by piece, and the message's index. */
type Block = ContentBlock | ToolBlock
interface ContentBlock {
  readonly kind: 'content' | 'thinking'
  readonly index: number
}
interface ToolBlock {
  readonly kind: 'call' | 'result'
  readonly index: number
  readonly id: ToolCallId
  readonly name: string
}

/** A message as it goes onto the wire, before neighbours become one turn. */
interface Entry {
  readonly index: number
  readonly role: Message['role']
  readonly blocks: readonly Block[]
  readonly hasBlob: boolean
}

/** Neighbours of one role; a result is the user's. */
interface Turn {
  readonly role: 'user' | 'assistant'
  readonly index: number
  readonly blocks: readonly Block[]
}

const CHECKS: { readonly [A in ModelApi]: (entries: readonly Entry[], report: Report) => void } = {
  'anthropic-messages': checkAnthropic,
  'openai-chat': checkOpenAiChat,
  'openai-responses': checkOpenAiResponses,
  gemini: checkGemini,
}

/**
 * Rules of the Messages API.
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls (formatting requirements): the results
 * follow the calls in the very next message, and stand first in it.
 * https://platform.claude.com/docs/en/api/messages (`messages`): neighbours of one role are combined. Its older text, and the
 * API, want the first message to be the user's.
 * https://platform.claude.com/docs/en/build-with-claude/extended-thinking: thinking goes back with its signature, unchanged.
 * What the API refuses with 400 and the pages do not list: empty content, an id that two calls of the request share, or of
 * characters other than letters, digits, `_` and `-`, two results for one call, thinking as the last block of a message.
 */
function checkAnthropic(entries: readonly Entry[], report: Report): void {
  checkContent(entries, report)
  checkIds(entries, 'request', report)
  for (const { id, index } of entries.flatMap(({ blocks }) => blocks.filter(isCall)))
    if (!/^[a-zA-Z0-9_-]+$/.test(id)) report('call-id-malformed', index, `the call id ${JSON.stringify(id)}`)
  const turns = turnsOf(entries)
  checkFirst(turns, report)
  checkTurns(turns, report)
  for (const { blocks, role } of turns) {
    const last = blocks.at(-1)
    if (role === 'assistant' && last?.kind === 'thinking')
      report('thinking-last', last.index, 'thinking with nothing after it')
  }
}

/**
 * Rules of Chat Completions.
 * https://platform.openai.com/docs/api-reference/chat/create (`messages`): an assistant message has content unless it has
 * tool calls; a tool message answers one call of the assistant message before it.
 * https://platform.openai.com/docs/guides/function-calling: every call is answered before anything else is said; the API
 * names each id without an answer, and refuses a tool message that answers none.
 */
function checkOpenAiChat(entries: readonly Entry[], report: Report): void {
  checkContent(entries, report)
  checkIds(entries, 'reply', report)
  let open = new Map<ToolCallId, number>()
  let answered = new Set<ToolCallId>()
  const close = () => {
    for (const [id, index] of open) report('call-without-result', index, `no tool message follows for ${id}`)
    open = new Map()
    answered = new Set()
  }
  for (const { role, blocks, index } of entries) {
    if (role !== 'tool') close()
    for (const block of blocks) {
      if (block.kind === 'call') open.set(block.id, index)
      if (block.kind !== 'result') continue
      if (answered.has(block.id)) report('result-twice', index, `a second tool message for ${block.id}`)
      else if (!open.delete(block.id)) report('result-without-call', index, `no open call ${block.id}`)
      answered.add(block.id)
    }
  }
  close()
}

/**
 * Rules of the Responses API, for input that carries the whole conversation (no `previous_response_id`).
 * https://platform.openai.com/docs/guides/function-calling?api-mode=responses: a `function_call_output` names the `call_id` of
 * a `function_call`. The API refuses an output whose call is not in the input before it, and a call whose output is not in
 * the input; it finds them by id over the whole input, so an id names one call.
 */
function checkOpenAiResponses(entries: readonly Entry[], report: Report): void {
  checkContent(entries, report)
  checkIds(entries, 'request', report)
  const open = new Map<ToolCallId, number>()
  const answered = new Set<ToolCallId>()
  for (const { blocks, index } of entries)
    for (const block of blocks) {
      if (block.kind === 'call') open.set(block.id, index)
      if (block.kind !== 'result') continue
      if (answered.has(block.id)) report('result-twice', index, `a second output for ${block.id}`)
      else if (!open.delete(block.id))
        report('result-without-call', index, `no function_call ${block.id} before`)
      answered.add(block.id)
    }
  for (const [id, index] of open) report('call-without-result', index, `no output for ${id}`)
}

/**
 * Rules of generateContent.
 * https://ai.google.dev/gemini-api/docs/function-calling: the responses come in the turn after the calls, as many as there
 * were calls; without ids they are told apart by name and order. The API refuses a turn with calls that does not follow the
 * user or responses, a turn without parts, and a conversation that the model begins.
 */
function checkGemini(entries: readonly Entry[], report: Report): void {
  checkContent(entries, report)
  checkIds(entries, 'reply', report)
  const turns = turnsOf(entries)
  checkFirst(turns, report)
  checkTurns(turns, report)
  for (const [position, entry] of entries.entries()) {
    const calls = entry.blocks.filter(isCall)
    if (calls.length === 0) continue
    if (entries[position - 1]?.role === 'assistant')
      report('call-not-after-user', entry.index, 'calls after a reply, with no input between')
    const results = entries.slice(position + 1, position + 1 + calls.length).flatMap(({ blocks }) => blocks)
    if (results.filter(isResult).some(({ name }, order) => name !== calls[order]!.name))
      report('result-order', entry.index, 'results in another order than the calls')
  }
}

/** Every message says something, and says it itself. */
function checkContent(entries: readonly Entry[], report: Report): void {
  for (const { blocks, index, hasBlob } of entries) {
    if (blocks.length === 0) report('empty-message', index, 'nothing in it can be sent')
    if (hasBlob) report('blob-not-loaded', index, 'a reference in place of content')
  }
}

function checkFirst([first]: readonly Turn[], report: Report): void {
  if (first && (first.role !== 'user' || first.blocks[0]?.kind === 'result'))
    report('first-not-user', first.index, 'the conversation does not begin with the user')
}

/** Each call of a turn is answered once in the next turn, before anything else there, and nothing else is answered. */
function checkTurns(turns: readonly Turn[], report: Report): void {
  for (const [position, { blocks }] of turns.entries()) {
    const before = turns[position - 1]?.blocks.filter(isCall) ?? []
    const unasked = new Map(before.map(({ id, index }) => [id, index]))
    const answered = new Set<ToolCallId>()
    let isPast = false
    for (const block of blocks) {
      if (!isResult(block)) isPast = true
      else {
        if (isPast)
          report('result-not-first', block.index, `something stands before the result of ${block.id}`)
        if (answered.has(block.id)) report('result-twice', block.index, `a second result for ${block.id}`)
        else if (!unasked.delete(block.id))
          report('result-without-call', block.index, `no call ${block.id} before`)
        answered.add(block.id)
      }
    }
    for (const [id, index] of unasked) report('call-without-result', index, `no result for ${id} comes next`)
  }
  for (const { id, index } of turns.at(-1)?.blocks.filter(isCall) ?? [])
    report('call-without-result', index, `nothing follows the call ${id}`)
}

function checkIds(entries: readonly Entry[], within: 'reply' | 'request', report: Report): void {
  let seen = new Set<ToolCallId>()
  for (const { blocks, index } of entries) {
    if (within === 'reply') seen = new Set()
    for (const { id } of blocks.filter(isCall)) {
      if (seen.has(id)) report('call-id-twice', index, `the call id ${JSON.stringify(id)} names two calls`)
      seen.add(id)
    }
  }
}

function layOut(message: Message, index: number, api: ModelApi): Entry {
  const { role, parts } = message
  const hasBlob = parts.some(({ kind }) => kind === 'blob')
  if (role !== 'tool')
    return { index, role, hasBlob, blocks: message.parts.flatMap((part) => blockOf(part, index, api)) }
  const { callId: id, name } = message
  return { index, role, hasBlob, blocks: [{ kind: 'result', index, id, name }] }
}

type SpokenPart = Exclude<Message, { role: 'tool' }>['parts'][number]

function blockOf(part: SpokenPart, index: number, api: ModelApi): readonly Block[] {
  switch (part.kind) {
    case 'text':
      return part.text.trim() === '' ? [] : [{ kind: 'content', index }]
    case 'native':
      return part.fallbackText.trim() === '' ? [] : [{ kind: 'content', index }]
    case 'thinking':
      return part.signature === undefined || api !== 'anthropic-messages' ? [] : [{ kind: 'thinking', index }]
    case 'toolCall':
      return [{ kind: 'call', index, id: part.callId, name: part.name }]
    case 'image':
    case 'document':
    case 'blob':
      return [{ kind: 'content', index }]
  }
}

function turnsOf(entries: readonly Entry[]): readonly Turn[] {
  const turns: (Turn & { readonly blocks: Block[] })[] = []
  for (const { role, index, blocks } of entries) {
    const side = role === 'assistant' ? 'assistant' : 'user'
    const last = turns.at(-1)
    if (last?.role === side) last.blocks.push(...blocks)
    else turns.push({ role: side, index, blocks: [...blocks] })
  }
  return turns
}

function isCall(block: Block | undefined): block is ToolBlock & { kind: 'call' } {
  return block?.kind === 'call'
}

function isResult(block: Block | undefined): block is ToolBlock & { kind: 'result' } {
  return block?.kind === 'result'
}
