import type { ActedReply } from '@halter/testkit'
import { event, type Body, type FakeWire } from './fake-api.ts'

type Item = Readonly<Record<string, unknown>>

const ERRORS: Readonly<
  Record<string, readonly [status: number, type: string, code: string | null, message: string]>
> = {
  auth: [401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided: sk-***.'],
  'invalid-request': [400, 'invalid_request_error', null, 'Invalid value for input'],
  'context-too-long': [
    400,
    'invalid_request_error',
    'context_length_exceeded',
    'Your input exceeds the context window of this model.',
  ],
  'rate-limited': [429, 'requests', 'rate_limit_exceeded', 'Rate limit reached for requests'],
  overloaded: [503, 'server_error', 'server_is_overloaded', 'The engine is currently overloaded'],
  transient: [500, 'server_error', null, 'The server had an error'],
  refused: [400, 'invalid_request_error', 'content_policy_violation', 'This prompt violates our policy'],
}

function failure(kind: string) {
  const [status, type, code, message] = ERRORS[kind]!
  return { status, body: { error: { message, type, param: null, code } } }
}

/** OpenAI's Responses API, used without its memory. */
export class ResponsesWire implements FakeWire {
  readonly path = '/responses'
  readonly failure = failure
  /** Reasoning that it gave away, encrypted. */
  readonly #reasoning = new Map<string, string>()

  reply(reply: ActedReply, model: string): readonly string[] {
    const { thinking, text = [], toolCalls = [], stopReason = 'end' } = reply
    const events: object[] = [created(model)]
    let index = 0
    if (thinking !== undefined) events.push(...this.#thinking(thinking, index++))
    if (text.length > 0) events.push(...message(text, index++))
    for (const call of toolCalls) events.push(...functionCall(call, index++))
    const reasons: Readonly<Record<string, string>> = {
      'max-output': 'max_output_tokens',
      refused: 'content_filter',
    }
    const reason = reasons[stopReason]
    const response = {
      id: 'resp_1',
      usage: usageOf(reply),
      ...(reason && { incomplete_details: { reason } }),
    }
    events.push({ type: reason ? 'response.incomplete' : 'response.completed', response })
    return events.map((each) => event(each))
  }

  begin(text: string | undefined, model: string): readonly string[] {
    const said = text === undefined ? [] : message([text], 0).slice(0, 2)
    return [created(model), ...said].map((each) => event(each))
  }

  failureInStream(kind: string): string {
    const { message, code } = failure(kind).body.error
    return event({ type: 'error', sequence_number: 9, code, message, param: null })
  }

  ping(): string {
    return ': keep-alive\n\n'
  }

  problem(body: Body): string | undefined {
    const input = body['input'] as readonly Item[]
    if (body['store'] !== false) return 'the conversation would be stored'
    return (
      (input.length > 0 ? undefined : 'Missing required parameter: input') ??
      pairingProblem(
        input.filter(({ type }) => type === 'function_call').map(({ call_id: id }) => String(id)),
        input.filter(({ type }) => type === 'function_call_output').map(({ call_id: id }) => String(id)),
        64,
      ) ??
      input
        .map((item, index) => this.#itemProblem(item, input[index + 1]))
        .find((each) => each !== undefined) ??
      toolsProblem(body['tools'])
    )
  }

  #itemProblem(item: Item, next: Item | undefined): string | undefined {
    if (item['type'] === 'item_reference')
      return `Item with id '${String(item['id'])}' not found: store is false.`
    if (item['type'] !== 'reasoning') return contentProblem(item)
    if (this.#reasoning.get(String(item['id'])) !== item['encrypted_content'])
      return 'The encrypted content could not be verified.'
    return next === undefined ? 'reasoning was provided without its required following item' : undefined
  }

  #thinking(text: string, output_index: number): object[] {
    const id = `rs_${this.#reasoning.size + 1}`
    const encrypted_content = `encrypted-${id}`
    this.#reasoning.set(id, encrypted_content)
    const at = { item_id: id, output_index, summary_index: 0 }
    return [
      { type: 'response.output_item.added', output_index, item: { type: 'reasoning', id, summary: [] } },
      { type: 'response.reasoning_summary_part.added', ...at },
      { type: 'response.reasoning_summary_text.delta', ...at, delta: text },
      { type: 'response.reasoning_summary_part.done', ...at },
      {
        type: 'response.output_item.done',
        output_index,
        item: { type: 'reasoning', id, encrypted_content, summary: [] },
      },
    ]
  }
}

/** OpenAI's Chat Completions, as many other servers speak it too. */
export class ChatWire implements FakeWire {
  readonly path = '/chat/completions'
  readonly failure = failure

  reply(reply: ActedReply, model: string): readonly string[] {
    const { text = [], toolCalls = [] } = reply
    const reasons = {
      end: 'stop',
      'tool-calls': 'tool_calls',
      'max-output': 'length',
      refused: 'content_filter',
    }
    const reason = reasons[reply.stopReason ?? (toolCalls.length > 0 ? 'tool-calls' : 'end')]
    const calls = toolCalls.flatMap(({ id, name, input }, index) => [
      { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] },
      ...(input === '' ? [] : [{ tool_calls: [{ index, function: { arguments: input } }] }]),
    ])
    const { input_tokens, output_tokens, input_tokens_details } = usageOf(reply)
    const usage = {
      prompt_tokens: input_tokens,
      completion_tokens: output_tokens,
      total_tokens: input_tokens + output_tokens,
      prompt_tokens_details: input_tokens_details,
    }
    return [
      ...[{ role: 'assistant', content: '' }, ...text.map((content) => ({ content })), ...calls].map(
        (delta) => chunk(model, { choices: [{ index: 0, delta, finish_reason: null }] }),
      ),
      chunk(model, { choices: [{ index: 0, delta: {}, finish_reason: reason }] }),
      chunk(model, { choices: [], usage }),
      event('[DONE]'),
    ]
  }

  begin(text: string | undefined, model: string): readonly string[] {
    const deltas = text === undefined ? [] : [{ role: 'assistant', content: text }]
    return deltas.map((delta) => chunk(model, { choices: [{ index: 0, delta, finish_reason: null }] }))
  }

  failureInStream(kind: string): string {
    return event(failure(kind).body)
  }

  ping(): string {
    return ': keep-alive\n\n'
  }

  problem(body: Body): string | undefined {
    const messages = body['messages'] as readonly Item[]
    let open: string[] = []
    for (const item of messages) {
      const {
        role,
        tool_calls: calls = [],
        tool_call_id: id,
      } = item as {
        readonly role: string
        readonly tool_calls?: readonly {
          readonly id: string
          readonly function: { readonly arguments: string }
        }[]
        readonly tool_call_id?: string
      }
      if (role === 'tool') {
        if (!open.includes(String(id))) return `messages with role 'tool' must answer a call: ${id}`
        open = open.filter((each) => each !== id)
        continue
      }
      if (open.length > 0)
        return `An assistant message with 'tool_calls' must be followed by ${open.join(', ')}`
      open = calls.map((call) => call.id)
      if (open.some((each) => each.length > 40)) return 'tool_calls.id: string too long, maximum length 40'
      if (calls.some((call) => !isJsonObject(call.function.arguments)))
        return 'tool_calls.arguments: no JSON object'
      const problem = contentProblem(item)
      if (problem !== undefined && open.length === 0) return problem
    }
    return open.length > 0 ? `calls without an answer: ${open.join(', ')}` : toolsProblem(body['tools'])
  }
}

function created(model: string): object {
  return { type: 'response.created', response: { id: 'resp_1', created_at: 1_700_000_000, model } }
}

function message(text: readonly string[], output_index: number): object[] {
  const id = `msg_${output_index}`
  return [
    {
      type: 'response.output_item.added',
      output_index,
      item: {
        type: 'message',
        id,
        role: 'assistant',
        status: 'in_progress',
        phase: 'commentary',
        content: [],
      },
    },
    ...text.map((delta) => ({
      type: 'response.output_text.delta',
      item_id: id,
      output_index,
      content_index: 0,
      delta,
    })),
    {
      type: 'response.output_item.done',
      output_index,
      item: { type: 'message', id, role: 'assistant', status: 'completed', phase: 'commentary', content: [] },
    },
  ]
}

function functionCall(
  { id: call_id, name, input }: NonNullable<ActedReply['toolCalls']>[number],
  output_index: number,
): object[] {
  const item = { type: 'function_call', id: `fc_${output_index}`, call_id, name }
  return [
    {
      type: 'response.output_item.added',
      output_index,
      item: { ...item, arguments: '', status: 'in_progress' },
    },
    { type: 'response.function_call_arguments.delta', item_id: item.id, output_index, delta: input },
    {
      type: 'response.output_item.done',
      output_index,
      item: { ...item, arguments: input, status: 'completed' },
    },
  ]
}

function chunk(model: string, fields: object): string {
  return event({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model,
    ...fields,
  })
}

function usageOf({ usage = { inputTokens: 12, outputTokens: 5 } }: ActedReply) {
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_tokens_details: { cached_tokens: cacheReadTokens, cache_write_tokens: cacheWriteTokens },
  }
}

function pairingProblem(
  calls: readonly string[],
  outputs: readonly string[],
  longest: number,
): string | undefined {
  if (calls.some((id) => id.length > longest)) return `call_id: string too long, maximum length ${longest}`
  if (new Set(calls).size !== calls.length) return 'Duplicate call_id'
  const unanswered = calls.find((id) => !outputs.includes(id))
  if (unanswered !== undefined) return `No tool output found for function call ${unanswered}.`
  const unasked = outputs.find((id) => !calls.includes(id))
  return unasked === undefined
    ? undefined
    : `No tool call found for function call output with call_id ${unasked}.`
}

function contentProblem({ role, content }: Item): string | undefined {
  if (role === undefined) return undefined
  if (typeof content === 'string') return content.trim() === '' ? 'content must not be empty' : undefined
  const parts = content as readonly Item[] | null
  return parts && parts.length > 0 ? undefined : 'content must not be empty'
}

function toolsProblem(tools: unknown): string | undefined {
  for (const tool of (tools ?? []) as readonly Item[]) {
    const { name, strict } = (tool['function'] ?? tool) as Item
    if (!/^[\w-]{1,64}$/.test(String(name))) return 'tools.name: does not match pattern'
    if (strict !== false)
      return `Invalid schema for function '${String(name)}': strict mode wants every property required`
  }
  return undefined
}

function isJsonObject(text: string): boolean {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
