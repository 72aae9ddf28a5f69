import type { IncomingMessage, ServerResponse } from 'node:http'
import { HalterError, type SessionHandle, type SessionRuntime } from '@halter/core'
import type { ApprovalAnswer } from '@halter/protocol'
import { readBody, sendJson, textOf } from './answers.ts'
import { follow } from './follow.ts'

/** A request, and what answers it. */
export interface Exchange {
  readonly runtime: SessionRuntime
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborted when the service is about to stop. */
  readonly leaving: AbortSignal
}

type Route = (exchange: Exchange, names: Readonly<Record<string, string | undefined>>) => Promise<void>

const ROUTES: readonly (readonly [method: string, path: URLPattern, route: Route])[] = [
  ['POST', at('/sessions'), create],
  ['GET', at('/sessions'), list],
  ['POST', at('/sessions/:id/turns'), submit],
  ['GET', at('/sessions/:id/events'), (exchange, { id }) => follow(exchange, id!)],
  ['POST', at('/sessions/:id/interrupt'), interrupt],
  ['POST', at('/sessions/:id/approvals/:callId'), approve],
]

/** Finds the route and takes it. */
export async function handle(exchange: Exchange): Promise<void> {
  const { method, url } = exchange.request
  const here = new URL(url ?? '/', 'http://127.0.0.1')
  for (const [verb, path, route] of ROUTES) {
    const found = verb === method && path.exec(here)
    if (found) return await route(exchange, decoded(found.pathname.groups))
  }
  sendJson(exchange.response, 404, { error: { message: `There is no ${method} ${here.pathname}.` } })
}

async function create({ runtime, request, response }: Exchange): Promise<void> {
  const { title } = await readBody(request)
  await using session = await runtime.newSession(typeof title === 'string' ? { title } : {})
  sendJson(response, 201, { id: session.id })
}

async function list({ runtime, response }: Exchange): Promise<void> {
  sendJson(response, 200, await runtime.listSessions({ parentId: null }))
}

/** Answers as soon as the turn is accepted; what comes of it is in the events. */
async function submit({ runtime, request, response }: Exchange, { id }: { id?: string }): Promise<void> {
  const prompt = textOf(await readBody(request), 'prompt')
  const session = await open(runtime, id!)
  const turn = session.submitTurn(prompt)
  // Nobody else can run the session while this process holds it, so it lets go when the turn is over.
  void turn.result.then(() => session.detach())
  sendJson(response, 202, { turnId: turn.turnId, disposition: turn.disposition })
}

async function interrupt({ runtime, response }: Exchange, { id }: { id?: string }): Promise<void> {
  await using session = await open(runtime, id!)
  await session.interrupt('asked over HTTP')
  sendJson(response, 200, { status: session.status })
}

async function approve(
  { runtime, request, response }: Exchange,
  { id, callId }: { id?: string; callId?: string },
): Promise<void> {
  const body = await readBody(request)
  const answer = textOf(body, 'answer')
  if (!isAnswer(answer))
    throw new HalterError('ERR_SESSION_INPUT', `"answer" is one of ${ANSWERS.join(', ')}, not "${answer}".`)
  await using session = await open(runtime, id!)
  const { reason } = body
  await session.approvals.resolve(callId!, answer, typeof reason === 'string' ? reason : undefined)
  sendJson(response, 200, { answer })
}

const ANSWERS: readonly ApprovalAnswer[] = ['once', 'session', 'always', 'deny']

function isAnswer(text: string): text is ApprovalAnswer {
  return (ANSWERS as readonly string[]).includes(text)
}

async function open(runtime: SessionRuntime, id: string): Promise<SessionHandle> {
  const session = await runtime.resume(id)
  if (!session) throw new HalterError('ERR_SESSION_UNKNOWN', `No session has the id "${id}".`)
  return session
}

function at(pathname: string): URLPattern {
  return new URLPattern({ pathname })
}

function decoded(groups: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value ?? '')]),
  )
}
