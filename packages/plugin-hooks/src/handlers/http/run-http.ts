import { lookup } from 'node:dns'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { HandlerContext, HandlerNetwork, HookPayload, HttpHandler } from '../../hook-handler.ts'
import { snippet } from '../bounded-text.ts'
import type { Deadline } from '../deadline.ts'
import { answered, ended, failed, type Outcome } from '../outcome.ts'
import { redact } from '../redact.ts'
import { addressProblem, namesProblem } from './check-address.ts'
import { checkUrl, shownUrl } from './check-url.ts'
import { fillHeaders } from './header-values.ts'
import { readBody, TooLargeError } from './read-body.ts'

/** Bytes of an answer. */
const MAX_BODY_BYTES = 1024 * 1024

/**
 * Posts the payload to a server, whose answer is what a command would have written to stdout. No redirect is followed; the addresses
 * that a name stands for are checked where the connection is made, so that no second look-up can give another one.
 */
export async function runHttp(
  handler: HttpHandler,
  payload: HookPayload,
  ctx: HandlerContext,
  deadline: Deadline,
): Promise<Outcome> {
  const checked = checkUrl(handler, ctx.network)
  if ('problem' in checked) return failed(`The HTTP hook was not sent: ${checked.problem}`)
  const { url } = checked
  const filled = fillHeaders(handler, ctx)
  if ('problem' in filled) return failed(`The HTTP hook was not sent: ${filled.problem}`)
  const subject = `The server ${shownUrl(url)}`
  const refused = isIP(bare(url)) > 0 ? addressProblem(bare(url), ctx.network) : undefined
  if (refused !== undefined) return failed(`The HTTP hook was not sent: ${refused}.`)
  const clean = (text: string): string => redact(text, filled.secrets)
  try {
    const work = exchange(url, filled.headers, payload, ctx.network, deadline.signal)
    const settled = await deadline.wait(work)
    if ('ended' in settled) return ended(settled.ended, subject, handler.timeoutMs)
    return outcomeOf(settled.value, subject, clean)
  } catch (error) {
    if (deadline.ended) return ended(deadline.ended, subject, handler.timeoutMs)
    return failed(`${subject} could not be asked: ${snippet(clean(messageOf(error)))}.`)
  }
}

/** Several addresses that were all tried in vain make an error without a message. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name)
}

interface Answer {
  readonly status: number
  readonly body: string
}

function outcomeOf({ status, body }: Answer, subject: string, clean: (text: string) => string): Outcome {
  if (status >= 200 && status < 300) return answered(clean(body), subject)
  const what = status >= 300 && status < 400 ? 'a redirect, which hooks do not follow' : snippet(clean(body))
  return failed(`${subject} answered with status ${status}${what === '' ? '' : `: ${what}`}`)
}

async function exchange(
  url: URL,
  headers: Readonly<Record<string, string>>,
  payload: HookPayload,
  network: HandlerNetwork,
  signal: AbortSignal,
): Promise<Answer> {
  const body = Buffer.from(JSON.stringify(payload))
  const response = await send(
    url,
    body,
    { ...headers, 'content-length': String(body.length) },
    network,
    signal,
  )
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    response.destroy()
    throw new Error(`its answer is compressed (${encoding}), which was not asked for`)
  }
  try {
    return { status: response.statusCode ?? 0, body: await readBody(response, MAX_BODY_BYTES) }
  } catch (error) {
    if (error instanceof TooLargeError)
      throw new Error(`its answer has more than ${MAX_BODY_BYTES} bytes`, { cause: error })
    throw error
  }
}

function send(
  url: URL,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  network: HandlerNetwork,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'POST',
    headers,
    signal,
    // A connection of its own: one that is kept open could outlive what was allowed when it was made.
    agent: false,
    lookup: checkedLookup(network),
  })
  request.on('response', resolve)
  request.on('error', reject)
  request.end(body)
  return promise
}

/** Resolves a name, and fails when it stands for an address that may not be called. */
function checkedLookup(network: HandlerNetwork): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const problem = error ? undefined : namesProblem(addresses, network)
      const failure = error ?? (problem === undefined ? null : new Error(problem))
      if (failure || options.all) return done(failure, addresses)
      return done(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}

/** The host without the brackets of an IPv6 address. */
function bare({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}
