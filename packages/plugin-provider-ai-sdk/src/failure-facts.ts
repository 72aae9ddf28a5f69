/** What is known of a failed call, whatever shape the failure came in. */
export interface FailureFacts {
  readonly message: string
  /** Of the HTTP response, or what the API's own word for the failure stands for. */
  readonly status?: number
  /** The API's own words for it: `overloaded_error`, `context_length_exceeded`. */
  readonly words: readonly string[]
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** Longest message that is passed on. Some servers answer with a page of HTML. */
const MAX_MESSAGE = 2_000

/**
 * Reads what the AI SDK throws, or puts into a stream: its errors, recognised by their fields so that any copy and version of it
 * will do, plain objects with the same fields, and whatever else a server may have sent.
 */
export function failureFacts(failure: unknown): FailureFacts {
  const { statusCode, responseHeaders, responseBody, data, message } = asRecord(failure)
  const bodies = [failure, data, parsed(responseBody)].map(asRecord)
  const errors = [...bodies, ...bodies.map(({ error }) => asRecord(error))]
  const words = errors.flatMap(({ type, code }) => [type, code]).filter((word) => typeof word === 'string')
  const said = [causeOfBreak(failure), message, ...errors.map((error) => error['message'])].find(
    (text) => typeof text === 'string' && text !== '',
  )
  return {
    message: shorten(typeof said === 'string' ? said : describe(failure)),
    words: [...new Set(words)],
    headers: lowerCase(asRecord(responseHeaders)),
    // A response that broke off was fine when it began.
    ...(typeof statusCode === 'number' && statusCode >= 400 && { status: statusCode }),
  }
}

/** What broke the connection, where that is what the failure is: the SDK's own words only say that something did. */
function causeOfBreak(failure: unknown): unknown {
  const { statusCode } = asRecord(failure)
  if (typeof statusCode === 'number' && statusCode >= 400) return undefined
  const messages = causesOf(failure).map((cause) => asRecord(cause)['message'])
  return messages.findLast((message) => typeof message === 'string' && message !== '')
}

/** The failure and what caused it, at most eight deep. */
export function causesOf(failure: unknown): readonly unknown[] {
  const causes: unknown[] = []
  for (let each = failure; each !== undefined && causes.length < 8; each = asRecord(each)['cause'])
    causes.push(each)
  return causes
}

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return undefined
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function describe(failure: unknown): string {
  if (typeof failure === 'string') return failure
  try {
    return JSON.stringify(failure) ?? String(failure)
  } catch {
    return String(failure)
  }
}

function shorten(message: string): string {
  const line = message.trim().replaceAll(/\s+/g, ' ')
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line
}

function lowerCase(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
