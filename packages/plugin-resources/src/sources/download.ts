import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { sourceFailure } from './source-failure.ts'

/** How long a download may take, and how much it may be. */
export interface DownloadLimits {
  /** Milliseconds in all, redirects included. */
  readonly totalMs: number
  /** Milliseconds without a byte. */
  readonly idleMs: number
  readonly maxBytes: number
}

/** Where requests may go, and what they carry. */
export interface DownloadRules {
  /** Of the server that gets the token: scheme, host and port. */
  readonly origin: string
  /** Hosts that it may redirect to, besides itself. They never get the token. */
  readonly hosts: readonly string[]
  readonly token?: string | undefined
  readonly limits: DownloadLimits
}

/** One thing to get. */
export interface Wanted {
  readonly url: string
  readonly accept: string
  /** What it is, for messages. */
  readonly what: string
}

const MAX_REDIRECTS = 5

/** Gets something short as text. @throws HalterError `ERR_RESOURCE_SOURCE`; the signal's reason. */
export async function downloadText(
  wanted: Wanted,
  rules: DownloadRules,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Uint8Array[] = []
  await download(wanted, rules, signal, (chunk) => {
    chunks.push(chunk)
  })
  return Buffer.concat(chunks).toString('utf8')
}

/** Gets a file, and tells its sha256. `path` must not exist. @throws HalterError `ERR_RESOURCE_SOURCE`; the signal's reason. */
export async function downloadFile(
  wanted: Wanted,
  path: string,
  rules: DownloadRules,
  signal: AbortSignal,
): Promise<string> {
  const sum = createHash('sha256')
  const file = await open(path, 'wx', 0o600)
  try {
    await download(wanted, rules, signal, async (chunk) => {
      sum.update(chunk)
      await file.writeFile(chunk)
    })
  } finally {
    await file.close()
  }
  return sum.digest('hex')
}

async function download(
  wanted: Wanted,
  rules: DownloadRules,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const { maxBytes } = rules.limits
  const patience = new Patience(rules.limits, wanted.what, signal)
  try {
    const response = await follow(wanted, rules, patience)
    if (Number(response.headers.get('content-length')) > maxBytes) throw tooMuch(wanted, maxBytes)
    let size = 0
    for await (const chunk of response.body ?? []) {
      patience.reset()
      size += chunk.length
      if (size > maxBytes) throw tooMuch(wanted, maxBytes)
      await take(chunk)
    }
  } catch (error) {
    // Also closes the connection, whatever of the body has not been read.
    patience.end(error)
    signal.throwIfAborted()
    throw patience.failure(error)
  } finally {
    patience.end()
  }
}

/** The response that redirects lead to. Each step is checked before it is taken, and only the first server gets the token. */
async function follow(wanted: Wanted, rules: DownloadRules, patience: Patience): Promise<Response> {
  let url = new URL(wanted.url)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const headers: Record<string, string> = {
      accept: wanted.accept,
      'accept-encoding': 'identity',
      'user-agent': 'halter',
    }
    if (rules.token !== undefined && url.origin === rules.origin)
      headers['authorization'] = `Bearer ${rules.token}`
    const response = await fetch(url.href, { headers, redirect: 'manual', signal: patience.signal })
    patience.reset()
    if (response.ok) return response
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null)
      throw sourceFailure(`${wanted.what} could not be had: ${answerOf(response, rules)}`)
    await response.body?.cancel()
    url = nextUrl(location, url, wanted, rules)
  }
  throw sourceFailure(`${wanted.what} could not be had: more than ${MAX_REDIRECTS} redirects.`)
}

function nextUrl(location: string, from: URL, { what }: Wanted, rules: DownloadRules): URL {
  const next = redirectTarget(location, from, rules)
  if (next) return next
  const to = URL.parse(location, from.href)?.origin ?? 'no address at all'
  throw sourceFailure(
    `${what} could not be had: ${from.host} redirects to ${to}, which is not followed. If that is as it should be, add its host to github.hosts.`,
  )
}

/**
 * Where a redirect leads, if it may be followed: to the server itself or to a host of the list, not from https to anything else, and
 * with no name and password in it.
 */
export function redirectTarget(
  location: string,
  from: URL,
  { origin, hosts }: Pick<DownloadRules, 'origin' | 'hosts'>,
): URL | undefined {
  const next = URL.parse(location, from.href)
  if (!next || next.username !== '' || next.password !== '') return undefined
  const isKnown = next.origin === origin || hosts.includes(next.host)
  const isSafe = next.protocol === 'https:' || next.protocol === from.protocol
  return isKnown && isSafe ? next : undefined
}

function answerOf({ status, headers }: Response, { token }: DownloadRules): string {
  const withToken = token === undefined ? 'Set GITHUB_TOKEN.' : 'The token may not be allowed to read it.'
  if (status === 401) return `the server does not accept the token (401). Check GITHUB_TOKEN.`
  if (status === 404 || status === 422)
    return `there is nothing (${status}). Check the name and the revision; if it is private: ${withToken}`
  if (status === 429 || (status === 403 && headers.get('x-ratelimit-remaining') === '0'))
    return `the server wants fewer requests (${status}). Try again later, or with a token: ${withToken}`
  if (status === 403) return `the server denies it (403). ${withToken}`
  return `the server answered ${status}. Try again later.`
}

function tooMuch({ what }: Wanted, bytes: number): Error {
  return sourceFailure(`${what} is larger than ${bytes} bytes, and was not taken.`)
}

/** Two clocks for one download. Not `AbortSignal.timeout`: its timer is unref'd, so a process with nothing else to do would end. */
class Patience {
  readonly #controller = new AbortController()
  readonly #limits: DownloadLimits
  readonly #what: string
  readonly #parent: AbortSignal
  readonly #total: NodeJS.Timeout
  #idle: NodeJS.Timeout
  #ranOut: Error | undefined

  constructor(limits: DownloadLimits, what: string, parent: AbortSignal) {
    this.#limits = limits
    this.#what = what
    this.#parent = parent
    this.#total = setTimeout(() => this.#expire(`took longer than ${limits.totalMs} ms`), limits.totalMs)
    this.#idle = this.#startIdle()
    if (parent.aborted) this.#follow()
    else parent.addEventListener('abort', this.#follow, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Something came. */
  reset(): void {
    clearTimeout(this.#idle)
    if (!this.signal.aborted) this.#idle = this.#startIdle()
  }

  end(reason?: unknown): void {
    clearTimeout(this.#total)
    clearTimeout(this.#idle)
    this.#parent.removeEventListener('abort', this.#follow)
    if (reason !== undefined) this.#controller.abort(reason)
  }

  /** What to say of a failure: the clock, if that was it. */
  failure(error: unknown): unknown {
    if (this.#ranOut) return this.#ranOut
    if (!(error instanceof TypeError)) return error
    const cause = error.cause instanceof Error ? error.cause.message : error.message
    return sourceFailure(`${this.#what} could not be had: ${cause}. Check the network.`, error)
  }

  readonly #follow = (): void => this.#controller.abort(this.#parent.reason)

  #startIdle(): NodeJS.Timeout {
    const { idleMs } = this.#limits
    return setTimeout(() => this.#expire(`sent nothing for ${idleMs} ms`), idleMs)
  }

  #expire(why: string): void {
    this.#ranOut = sourceFailure(`${this.#what} could not be had: the server ${why}. Try again later.`)
    this.#controller.abort(this.#ranOut)
  }
}
