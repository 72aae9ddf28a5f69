// One event of every type and one part of every kind, with as little and with as much as it can hold. A new type, kind or field
// does not compile until it has its place here.
import type {
  AssistantPart,
  ErrorWire,
  LiveEvent,
  Message,
  SessionBlueprint,
  SessionSummary,
  StoredEvent,
  StoredEventPayloads,
  StoredEventType,
  ToolResultPart,
  Usage,
  UserPart,
} from '../../src/index.ts'

type Part = UserPart | AssistantPart | ToolResultPart
type PartOf<K extends Part['kind']> = Extract<Part, { kind: K }>

/** NUL, both halves of a surrogate pair alone, and a key that objects mind. */
export const HOSTILE = '\u0000\ud800\udc00\udfff\ud83d __proto__ \u202e'

const proto: unknown = JSON.parse(`{"__proto__": {"polluted": ${JSON.stringify(HOSTILE)}}, "a": [1, null]}`)
const hostileJson = proto as { readonly [key: string]: string }

export const fullUsage: Required<Usage> = {
  inputTokens: Number.MAX_SAFE_INTEGER,
  outputTokens: 2,
  cacheReadTokens: 3,
  cacheWriteTokens: 0,
  costUsd: 0.125,
}
const usage: Usage = { inputTokens: 0, outputTokens: 0 }

export const fullError: Required<ErrorWire> = {
  code: 'ERR_MODEL_FAILED',
  message: HOSTILE,
  plugin: '@acme/models',
  hook: 'request.transform',
  kind: 'rate-limited',
  retryable: true,
  retryAfterMs: 1500,
  cause: { code: 'ECONNRESET', message: 'reset', cause: { code: 'E', message: '' } },
}

export const partSamples = {
  text: [{ kind: 'text', text: HOSTILE }],
  image: [{ kind: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' }],
  document: [
    { kind: 'document', mediaType: 'application/pdf', data: '' },
    { kind: 'document', mediaType: 'application/pdf', data: 'JVBERi0xLg==', name: 'a.pdf' },
  ],
  json: [
    { kind: 'json', value: null },
    { kind: 'json', value: hostileJson },
  ],
  thinking: [
    { kind: 'thinking', text: '' },
    { kind: 'thinking', text: HOSTILE, signature: 'c2lnbmVk' },
  ],
  toolCall: [
    { kind: 'toolCall', callId: 'c1', name: 'read', input: hostileJson },
    { kind: 'toolCall', callId: 'c2', name: '__proto__', malformed: '{"path": "/tm' },
    { kind: 'toolCall', callId: 'c3', name: 'read', input: null },
  ],
  native: [{ kind: 'native', provider: 'acme', data: hostileJson, fallbackText: '' }],
  blob: [
    { kind: 'blob', sha256: '0f'.repeat(32), bytes: 20_000, of: { kind: 'text' } },
    {
      kind: 'blob',
      sha256: 'a0'.repeat(32),
      bytes: 9,
      of: { kind: 'document', mediaType: 'application/pdf', name: 'a.pdf' },
    },
  ],
} satisfies { readonly [K in Part['kind']]: readonly PartOf<K>[] }

const userParts: readonly UserPart[] = [
  ...partSamples.text,
  ...partSamples.image,
  ...partSamples.document,
  ...partSamples.native,
  ...partSamples.blob,
]
const resultParts: readonly ToolResultPart[] = [
  ...partSamples.text,
  ...partSamples.image,
  ...partSamples.document,
  ...partSamples.json,
  ...partSamples.blob,
]

const userMessage: Message & { role: 'user' } = { role: 'user', id: 'm1', at: 1, parts: [] }
const assistantMessage: Required<Message & { role: 'assistant' }> = {
  role: 'assistant',
  id: 'm4',
  at: 1,
  parts: [...partSamples.thinking, ...partSamples.text, ...partSamples.toolCall, ...partSamples.native],
  stopReason: 'tool-calls',
  from: { provider: 'acme', model: 'l' },
  usage: fullUsage,
  responseId: 'r1',
}

export const messageSamples = {
  user: [userMessage, { role: 'user', id: 'm2', at: 1, parts: userParts, origin: 'steer' }],
  assistant: [
    {
      role: 'assistant',
      id: 'm3',
      at: 1,
      parts: [],
      stopReason: 'end',
      from: { provider: 'acme', model: 'l' },
    },
    assistantMessage,
  ],
  tool: [
    { role: 'tool', id: 'm5', at: 1, callId: 'c1', name: 'read', parts: [], isError: true },
    { role: 'tool', id: 'm6', at: 1, callId: 'c2', name: '__proto__', parts: resultParts, isError: false },
  ],
} satisfies { readonly [R in Message['role']]: readonly Extract<Message, { role: R }>[] }

export const blueprint: SessionBlueprint = {
  sessionId: 's1',
  depth: 0,
  model: 'large',
  workingDir: '/work',
  limits: {},
  metadata: {},
}
export const fullBlueprint: Required<SessionBlueprint> = {
  sessionId: 's1',
  parentId: 's0',
  depth: 1,
  agent: 'reviewer',
  model: 'large',
  models: { plan: 'larger', subagent: 'small', small: 'small' },
  effort: 'xhigh',
  temperature: 0.5,
  maxOutputTokens: 4096,
  workingDir: '/work/ünï',
  seed: [
    { id: 'seed', text: HOSTILE, stability: 'static' },
    { id: 'own', text: '', stability: 'session', plugin: '@acme/prompt' },
  ],
  appendSystemPrompt: 'Be brief.',
  tools: ['read', HOSTILE],
  limits: { steps: 1, tokens: 2, usd: 0.5, timeMs: 4, depth: 5, fanOut: 6 },
  title: HOSTILE,
  metadata: JSON.parse('{"__proto__": "data", "team": "a"}') as Record<string, string>,
}

export const summarySample: Required<SessionSummary> = {
  sessionId: 's1',
  parentId: 's0',
  agent: 'reviewer',
  status: 'interrupted',
  title: HOSTILE,
  metadata: fullBlueprint.metadata,
  model: 'large',
  workingDir: '/work',
  head: 3,
  turns: 1,
  usage: fullUsage,
  createdAt: 1,
  updatedAt: 2,
}

type Sample<K extends StoredEventType> = {
  readonly least: StoredEventPayloads[K]
  readonly most: Required<StoredEventPayloads[K]>
}

const payloads = {
  'session.started': { least: { blueprint }, most: { blueprint: fullBlueprint } },
  'session.resumed': { least: { interrupted: 'close' }, most: { interrupted: 'continue' } },
  'session.forked': {
    least: { from: 's0', atSeq: 1, inheritedUsage: usage },
    most: { from: 's0', atSeq: 9, inheritedUsage: fullUsage },
  },
  'session.updated': {
    least: {},
    most: {
      title: '',
      metadata: fullBlueprint.metadata,
      model: 'small',
      models: {},
      effort: 'none',
      workingDir: '/',
      limits: fullBlueprint.limits,
    },
  },
  'session.closed': { least: { reason: '' }, most: { reason: HOSTILE } },
  'turn.started': {
    least: { turnId: 't1', generation: 0, revision: '', input: [] },
    most: {
      turnId: 't1',
      generation: 3,
      revision: 'r',
      input: userParts,
      output: hostileJson,
      settings: {
        model: 'large',
        effort: 'max',
        temperature: 0.1,
        maxOutputTokens: 1,
        tools: ['read'],
        limits: fullBlueprint.limits,
      },
    },
  },
  'prompt.refused': {
    least: { turnId: 't1', reason: '' },
    most: { turnId: 't1', reason: HOSTILE, plugin: '@acme/guard' },
  },
  'message.appended': {
    least: { message: userMessage },
    most: { turnId: 't1', message: assistantMessage },
  },
  'toolCall.started': {
    least: { turnId: 't1', callId: 'c1', name: 'read', input: null },
    most: { turnId: 't1', callId: 'c1', name: 'read', input: hostileJson, by: '@acme/commands' },
  },
  'toolCall.finished': {
    least: { turnId: 't1', callId: 'c1', outcome: 'ok', messageId: 'm1', parts: [] },
    most: {
      turnId: 't1',
      callId: 'c1',
      outcome: 'outcome-unknown',
      messageId: 'm1',
      parts: resultParts,
      by: '@acme/commands',
      call: { name: 'read', input: hostileJson },
    },
  },
  'approval.requested': {
    least: { turnId: 't1', callId: 'c1', name: 'shell', input: {}, scope: '' },
    most: {
      turnId: 't1',
      callId: 'c1',
      name: 'shell',
      input: hostileJson,
      scope: 'shell:*',
      reason: HOSTILE,
      plugin: '@acme/guard',
      by: '@acme/commands',
    },
  },
  'approval.resolved': {
    least: { callId: 'c1', answer: 'deny', scope: '', by: 'nobody' },
    most: { callId: 'c1', answer: 'always', scope: 'shell:*', reason: HOSTILE, by: 'user' },
  },
  'hook.ran': {
    least: { run: { plugin: 'p', hook: 'turn.end', handler: 'x', status: 'timed-out' } },
    most: {
      turnId: 't1',
      run: {
        plugin: 'p',
        hook: 'turn.end',
        handler: HOSTILE,
        source: 'hooks.json',
        status: 'changed',
        durationMs: 1.5,
        detail: HOSTILE,
        callId: 'c1',
        event: 'Stop',
        decision: 'block',
        patch: hostileJson,
        output: HOSTILE,
        message: HOSTILE,
      },
    },
  },
  'context.injected': {
    least: { id: '', text: '', scope: 'turn', plugin: 'p' },
    most: { id: 'i1', text: HOSTILE, scope: 'session', plugin: 'p' },
  },
  'compaction.applied': {
    least: { trigger: 'manual', droppedSeqs: [], summary: '', tokensBefore: 0, tokensAfter: 0 },
    most: {
      trigger: 'overflow',
      droppedSeqs: [
        { from: 2, to: 2 },
        { from: 4, to: 9 },
      ],
      summary: HOSTILE,
      native: { provider: 'acme', data: hostileJson },
      tokensBefore: 9,
      tokensAfter: 1,
      reason: 'old',
      turnId: 't1',
      usage: fullUsage,
    },
  },
  'model.metadata': {
    least: { purpose: 'turn', data: null },
    most: { turnId: 't1', purpose: '__proto__', data: hostileJson },
  },
  'usage.recorded': {
    least: { purpose: 'title', model: 'small', usage },
    most: { turnId: 't1', purpose: 'acme.rank', model: 'small', usage: fullUsage },
  },
  'notification.raised': { least: { kind: '', message: '' }, most: { kind: 'idle', message: HOSTILE } },
  'subagent.spawned': {
    least: { childId: 's2', task: '' },
    most: { childId: 's2', turnId: 't1', callId: 'c1', agent: 'reviewer', task: HOSTILE },
  },
  'subagent.settled': {
    least: { childId: 's2', outcome: 'lost' },
    most: { childId: 's2', outcome: 'failed', text: HOSTILE, usage: fullUsage, error: fullError },
  },
  'plugin.noted': {
    least: { plugin: 'p', name: 'n', data: null },
    most: { plugin: '__proto__', name: 'constructor', data: hostileJson },
  },
  'cache.broken': { least: { segment: 'seed' }, most: { segment: 'seed', plugin: 'p' } },
  'warning.raised': {
    least: { code: 'ERR_X', message: '' },
    most: { code: 'ERR_X', message: HOSTILE, plugin: 'p', turnId: 't1' },
  },
  'turn.completed': {
    least: { turnId: 't1', usage, reason: 'stop' },
    most: { turnId: 't1', usage: fullUsage, reason: 'max-output' },
  },
  'turn.failed': {
    least: { turnId: 't1', reason: 'crashed', usage, retryable: true },
    most: { turnId: 't1', reason: 'error', usage: fullUsage, error: fullError, retryable: false },
  },
} satisfies { readonly [K in StoredEventType]: Sample<K> }

/** Every type, with its least and its most. */
export const eventSamples: readonly StoredEvent[] = Object.entries(payloads).flatMap(
  ([type, { least, most }]) =>
    [least, most].map(
      (payload) => ({ sessionId: 's1', seq: 1, at: 1, type, v: 1, ...payload }) as StoredEvent,
    ),
)

const delta = { sessionId: 's1', turnId: 't1', messageId: 'm1', part: 0, offset: 7, text: HOSTILE }

export const liveSamples = {
  'text.delta': { type: 'text.delta', ...delta },
  'thinking.delta': { type: 'thinking.delta', ...delta },
  'toolInput.delta': { type: 'toolInput.delta', ...delta, callId: 'c1', name: 'read' },
  'toolOutput.delta': { type: 'toolOutput.delta', ...delta, callId: 'c1' },
  lagged: { type: 'lagged', sessionId: 's1', dropped: 3 },
} satisfies { readonly [K in LiveEvent['type']]: Required<Extract<LiveEvent, { type: K }>> }
