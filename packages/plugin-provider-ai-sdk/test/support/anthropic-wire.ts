import type { ActedReply } from '@halter/testkit'
import { event, type Body, type FakeWire } from './fake-api.ts'

interface Block extends Body {
  readonly type: string
}
interface Turn {
  readonly role: string
  readonly content: string | readonly Block[]
}

const ERRORS: Readonly<Record<string, readonly [status: number, type: string, message: string]>> = {
  auth: [401, 'authentication_error', 'invalid x-api-key'],
  'invalid-request': [400, 'invalid_request_error', 'messages: unexpected value'],
  'context-too-long': [400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'],
  'rate-limited': [429, 'rate_limit_error', 'This request would exceed your rate limit'],
  overloaded: [529, 'overloaded_error', 'Overloaded'],
  transient: [500, 'api_error', 'Internal server error'],
  refused: [400, 'invalid_request_error', 'Output blocked by content filtering policy'],
}
const STOPS = { end: 'end_turn', 'tool-calls': 'tool_use', 'max-output': 'max_tokens', refused: 'refusal' }

/** What the server remembers of a thought that it signed: what stood before it. */
interface Signed {
  readonly prefix: string
}

/**
 * Anthropic's Messages API. `bindsThinking`: as for the models that want everything before a thought to stay what it was
 * (https://platform.claude.com/docs/en/build-with-claude/preserved-thinking), and `dropped` counts the thoughts it left out.
 */
export class AnthropicWire implements FakeWire {
  readonly path = '/messages'
  dropped = 0
  readonly #bindsThinking: boolean
  readonly #signed = new Map<string, Signed>()
  #lastPrefix = ''

  constructor({ bindsThinking = false }: { readonly bindsThinking?: boolean } = {}) {
    this.#bindsThinking = bindsThinking
  }

  reply(reply: ActedReply, model: string): readonly string[] {
    const { thinking, text = [], toolCalls = [], usage = { inputTokens: 12, outputTokens: 5 } } = reply
    const blocks = [
      ...(thinking === undefined ? [] : [this.#thinking(thinking)]),
      ...(text.length === 0 ? [] : [{ start: { type: 'text', text: '' }, deltas: text.map(textDelta) }]),
      ...toolCalls.map(({ id, name, input }) => ({
        start: { type: 'tool_use', id, name, input: {} },
        deltas: pieces(input).map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
      })),
    ]
    const stop = STOPS[reply.stopReason ?? (toolCalls.length > 0 ? 'tool-calls' : 'end')]
    return [
      start(model, usage),
      ...blocks.flatMap(({ start, deltas }, index) => [
        typed('content_block_start', { index, content_block: start }),
        ...deltas.map((delta) => typed('content_block_delta', { index, delta })),
        typed('content_block_stop', { index }),
      ]),
      typed('message_delta', {
        delta: { stop_reason: stop, stop_sequence: null },
        usage: { output_tokens: usage.outputTokens },
      }),
      typed('message_stop', {}),
    ]
  }

  begin(text: string | undefined, model: string): readonly string[] {
    const opening = start(model, { inputTokens: 12, outputTokens: 1 })
    if (text === undefined) return [opening]
    return [
      opening,
      typed('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      typed('content_block_delta', { index: 0, delta: textDelta(text) }),
    ]
  }

  failure(kind: string) {
    const [status, type, message] = ERRORS[kind]!
    return { status, body: { type: 'error', error: { type, message } } }
  }

  failureInStream(kind: string): string {
    return event(this.failure(kind).body, 'error')
  }

  ping(): string {
    return typed('ping', {})
  }

  problem(body: Body): string | undefined {
    const {
      messages,
      system = [],
      tools = [],
    } = body as unknown as {
      readonly messages: readonly Turn[]
      readonly system?: readonly Block[]
      readonly tools?: readonly Body[]
    }
    const turns = merged(messages)
    this.#lastPrefix = prefixOf(body, turns)
    return (
      (Number(body['max_tokens']) > 0 ? undefined : 'max_tokens: Field required') ??
      (turns[0]?.role === 'user' ? undefined : 'messages: first message must use the "user" role') ??
      tools.map(toolProblem).find((problem) => problem !== undefined) ??
      system.map(textProblem).find((problem) => problem !== undefined) ??
      cacheProblem(body) ??
      turns
        .map((turn, index) => turnProblem(turn, turns[index - 1], turns[index + 1]))
        .find((each) => each) ??
      this.#thinkingProblem(body, turns)
    )
  }

  #thinking(text: string) {
    const signature = `signature-${this.#signed.size + 1}`
    this.#signed.set(signature, { prefix: this.#lastPrefix })
    return {
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        { type: 'thinking_delta', thinking: text },
        { type: 'signature_delta', signature },
      ],
    }
  }

  #thinkingProblem(body: Body, turns: readonly MergedTurn[]): string | undefined {
    const binding = (body['thinking'] as { readonly block_binding?: Body } | undefined)?.block_binding
    for (const [index, { content }] of turns.entries())
      for (const block of content) {
        if (block.type !== 'thinking') continue
        const signed = this.#signed.get(String(block['signature']))
        if (!signed) return `messages.${index}: Invalid \`signature\` in \`thinking\` block`
        if (!this.#bindsThinking || signed.prefix === prefixOf(body, turns.slice(0, index))) continue
        if (binding?.['prefix_mismatch_behavior'] !== 'drop_block')
          return `messages.${index}: The block is bound to a different conversation.`
        this.dropped += 1
      }
    return undefined
  }
}

interface MergedTurn {
  readonly role: string
  readonly content: readonly Block[]
}

/** The API takes neighbours of one role for one turn. */
function merged(messages: readonly Turn[]): readonly MergedTurn[] {
  const turns: { role: string; content: Block[] }[] = []
  for (const { role, content } of messages) {
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else turns.push({ role, content: [...blocks] })
  }
  return turns
}

/** Everything before a thought that has to stay what it was; markers for caching do not count. */
function prefixOf({ system, tools }: Body, turns: readonly MergedTurn[]): string {
  return JSON.stringify({ system, tools, turns }, (key, value: unknown) =>
    key === 'cache_control' ? undefined : value,
  )
}

function turnProblem(turn: MergedTurn, before: MergedTurn | undefined, after: MergedTurn | undefined) {
  const { role, content } = turn
  if (content.length === 0) return 'messages: content must be non-empty'
  if (role === 'assistant' && content.at(-1)?.type === 'thinking')
    return 'messages: The final block in an assistant message cannot be `thinking`'
  const calls = content.filter(({ type }) => type === 'tool_use').map(({ id }) => id)
  const results = content.filter(({ type }) => type === 'tool_result').map(({ tool_use_id: id }) => id)
  const answers =
    after?.content.filter(({ type }) => type === 'tool_result').map(({ tool_use_id: id }) => id) ?? []
  if (calls.some((id) => !answers.includes(id)))
    return 'messages: `tool_use` ids without `tool_result` blocks'
  if (new Set(results).size !== results.length) return 'messages: each tool_use must have a single result'
  const asked = before?.content.filter(({ type }) => type === 'tool_use').map(({ id }) => id) ?? []
  if (results.some((id) => !asked.includes(id))) return 'messages: unexpected `tool_use_id` in `tool_result`'
  if (content.slice(0, results.length).some(({ type }) => type !== 'tool_result') && results.length > 0)
    return 'messages: `tool_result` blocks must come first'
  return content.map(blockProblem).find((problem) => problem !== undefined)
}

function blockProblem(block: Block): string | undefined {
  switch (block.type) {
    case 'text':
      return textProblem(block)
    case 'tool_use':
      if (!/^[\w-]+$/.test(String(block['id']))) return 'messages: tool_use.id: String should match pattern'
      if (!/^[\w-]{1,128}$/.test(String(block['name'])))
        return 'messages: tool_use.name: String should match pattern'
      return isObject(block['input'])
        ? undefined
        : 'messages: tool_use.input: Input should be a valid dictionary'
    case 'image': {
      const { media_type: type } = block['source'] as { readonly media_type?: string }
      return /^image\/(?:png|jpeg|gif|webp)$/.test(type ?? '') ? undefined : `messages: media_type ${type}`
    }
    case 'tool_result':
      return Array.isArray(block['content'])
        ? (block['content'] as Block[]).map(blockProblem).find((problem) => problem !== undefined)
        : undefined
    case 'thinking':
    case 'document':
      return undefined
    default:
      return `messages: Input tag '${block.type}' does not match any of the expected tags`
  }
}

function textProblem({ text }: Body): string | undefined {
  return String(text).trim() === ''
    ? 'messages: text content blocks must contain non-whitespace text'
    : undefined
}

function toolProblem({ name, input_schema: schema }: Body): string | undefined {
  if (!/^[\w-]{1,128}$/.test(String(name))) return 'tools: name: String should match pattern'
  return (schema as Body)['type'] === 'object' ? undefined : 'tools: input_schema.type: Field required'
}

function cacheProblem(body: Body): string | undefined {
  const marks = JSON.stringify(body).split('"cache_control"').length - 1
  return marks > 4 ? `A maximum of 4 blocks with cache_control may be provided. Found ${marks}.` : undefined
}

function start(model: string, usage: NonNullable<ActedReply['usage']>): string {
  const { inputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage
  return typed('message_start', {
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: inputTokens - cacheReadTokens - cacheWriteTokens,
        cache_read_input_tokens: cacheReadTokens,
        cache_creation_input_tokens: cacheWriteTokens,
        output_tokens: 1,
      },
    },
  })
}

function typed(type: string, fields: object): string {
  return event({ type, ...fields }, type)
}

function textDelta(text: string) {
  return { type: 'text_delta', text }
}

/** About three pieces, as inputs come. */
function pieces(input: string): readonly string[] {
  const size = Math.max(1, Math.ceil(input.length / 3))
  return Array.from({ length: Math.ceil(input.length / size) }, (_, at) =>
    input.slice(at * size, (at + 1) * size),
  )
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
