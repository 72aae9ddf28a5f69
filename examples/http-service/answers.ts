import type { IncomingMessage, ServerResponse } from 'node:http'
import { HalterError, isHalterError } from '@halter/core'

/** Bytes of a request's body at most. */
const MAX_BODY = 1024 * 1024

/** An answer that is JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`)
}

/** What a failed request is told: errors of halter carry a code, and those of the caller are the caller's. */
export function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  if (!isHalterError(error)) {
    console.error(error)
    return sendJson(response, 500, { error: { message: 'Something went wrong here.' } })
  }
  const { code, message, retryable } = error
  sendJson(response, STATUS[code] ?? 500, { error: { code, message, retryable } })
}

const STATUS: Readonly<Record<string, number>> = {
  ERR_SESSION_UNKNOWN: 404,
  ERR_SESSION_INPUT: 400,
  ERR_SESSION_EXISTS: 409,
  // Another process runs it: ask there, or once it is done.
  ERR_SESSION_LEASED: 409,
  ERR_MODEL_UNKNOWN: 400,
  ERR_STORE_BUSY: 503,
  ERR_RUNTIME_CLOSED: 503,
}

/** The body as an object. @throws HalterError `ERR_SESSION_INPUT`. */
export async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > MAX_BODY)
      throw new HalterError('ERR_SESSION_INPUT', `A body may have ${MAX_BODY} characters.`)
  }
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // said below
  }
  throw new HalterError('ERR_SESSION_INPUT', 'The body must be a JSON object.')
}

/** A text of a body. @throws HalterError `ERR_SESSION_INPUT` naming it. */
export function textOf(body: Readonly<Record<string, unknown>>, key: string): string {
  const value = body[key]
  if (typeof value === 'string' && value !== '') return value
  throw new HalterError('ERR_SESSION_INPUT', `The body needs "${key}": a text that is not empty.`)
}
