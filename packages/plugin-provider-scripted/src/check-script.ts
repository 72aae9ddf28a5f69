/** Looks at a value of a script file; `path` is where it stands in the file. Returns what is wrong, one sentence each. */
type Check = (value: unknown, path: string) => readonly string[]

/** Everything that is wrong with a script, each with its path; empty when it can be used. */
export function checkScript(value: unknown): readonly string[] {
  return script(value, '')
}

/** The same of a single reply, as a function returns it. */
export function checkReply(value: unknown): readonly string[] {
  return reply(value, '')
}

const text: Check = (value, path) => (typeof value === 'string' ? [] : wrong(path, value, 'text'))
const flag: Check = (value, path) => (typeof value === 'boolean' ? [] : wrong(path, value, 'true or false'))
const amount: Check = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? []
    : wrong(path, value, 'a number from 0')
const anything: Check = () => []

const KINDS = [
  'auth',
  'invalid-request',
  'context-too-long',
  'rate-limited',
  'overloaded',
  'transient',
  'cancelled',
  'refused',
]
const pieces = either('text or a list of texts', text, list(text))
const usage = shape({
  inputTokens: amount,
  outputTokens: amount,
  cacheReadTokens: amount,
  cacheWriteTokens: amount,
  costUsd: amount,
})
const toolCall: Check = (value, path) => {
  const problems = shape({ name: text, input: anything, rawInput: text, id: text }, ['name'])(value, path)
  if (problems.length > 0 || !isRecord(value)) return problems
  return 'input' in value && 'rawInput' in value ? [`${path} has both input and rawInput: keep one`] : []
}
const reply = shape({
  text: pieces,
  thinking: pieces,
  toolCalls: list(toolCall),
  usage,
  delayMs: amount,
  error: either(
    'text or { kind, message }',
    text,
    shape({ kind: oneOf(KINDS), message: text, retryAfterMs: amount }, ['kind', 'message']),
  ),
  stopReason: oneOf(['end', 'tool-calls', 'max-output', 'refused']),
  when: shape({ purpose: text, agent: text }),
  metadata: anything,
  warning: text,
})
const script = shape(
  {
    replies: list(reply),
    loop: flag,
    info: shape({
      window: amount,
      maxOutput: amount,
      prices: shape({ input: amount, output: amount, cacheRead: amount, cacheWrite: amount }, [
        'input',
        'output',
      ]),
      capabilities: shape({
        images: flag,
        documents: flag,
        thinking: flag,
        structuredOutput: flag,
        compaction: flag,
      }),
    }),
  },
  ['replies'],
)

function shape(members: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  const known = new Map(Object.entries(members))
  return (value, path) => {
    if (!isRecord(value)) return wrong(path, value, 'an object')
    const missing = required.filter((name) => value[name] === undefined)
    return [
      ...missing.map((name) => `${join(path, name)} is missing`),
      ...Object.entries(value).flatMap(([name, member]) => {
        const check = known.get(name)
        if (!check) return [`${join(path, name)} is not known here (known: ${[...known.keys()].join(', ')})`]
        return member === undefined ? [] : check(member, join(path, name))
      }),
    ]
  }
}

function list(item: Check): Check {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((each, index) => item(each, `${path}[${index}]`))
      : wrong(path, value, 'a list')
}

function oneOf(values: readonly string[]): Check {
  return (value, path) =>
    values.includes(value as string) ? [] : wrong(path, value, `one of ${values.join(', ')}`)
}

/** Reports what is wrong with the alternative of the value's own type, where there is one. */
function either(expected: string, plain: Check, other: Check): Check {
  return (value, path) => {
    if (typeof value === 'object' && value !== null) return other(value, path)
    return plain(value, path).length === 0 ? [] : wrong(path, value, expected)
  }
}

function wrong(path: string, value: unknown, expected: string): readonly string[] {
  const shown = JSON.stringify(value) ?? typeof value
  return [
    `${path || 'the whole'} must be ${expected}, not ${shown.length > 40 ? `${shown.slice(0, 40)}…` : shown}`,
  ]
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
