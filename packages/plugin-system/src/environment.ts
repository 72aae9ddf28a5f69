import type { Clock, Environment, EnvironmentFacts } from '@halter/core'
import { readGitFacts, type GitFacts } from './git.ts'

/** Settings of an environment; milliseconds. */
export interface EnvironmentOptions {
  readonly clock: Clock
  /** How long one look at a repository may take. Default 2,000. */
  readonly deadlineMs?: number
  /** How long an answer is good for, at least. Default 1,000. */
  readonly freshMs?: number
}

/** An environment, and how to end what it has started. */
export interface ClosableEnvironment extends Environment {
  /** Ends looks that are under way; later ones find nothing. */
  close(): void
}

interface Look {
  readonly git: Promise<GitFacts | undefined>
  /** Absent while the look is under way. `goodUntil` is monotonic time. */
  answer?: { readonly git: GitFacts | undefined; readonly goodUntil: number }
}

/** An answer is good for this many times what it took, so that a slow repository costs a twentieth of the time at most. */
const PATIENCE = 20
/** Working directories whose answers are kept. */
const KEPT_FOLDERS = 64

/**
 * Slot `environment`. Sessions that ask for the same folder share one look at its repository, and turns that follow each
 * other closely share its answer. Describing never fails: what cannot be found out is left out.
 */
export function createEnvironment(options: EnvironmentOptions): ClosableEnvironment {
  const { clock, deadlineMs = 2000, freshMs = 1000 } = options
  const looks = new Map<string, Look>()
  const closing = new AbortController()

  const startLook = (workingDir: string): Look => {
    const startedAt = clock.monotonic()
    const look: Look = { git: lookWithin(workingDir, deadlineMs, clock, closing.signal) }
    void look.git.then((git) => {
      const now = clock.monotonic()
      look.answer = { git, goodUntil: now + Math.max(freshMs, PATIENCE * (now - startedAt)) }
    })
    looks.delete(workingDir)
    if (looks.size >= KEPT_FOLDERS) looks.delete(looks.keys().next().value!)
    looks.set(workingDir, look)
    return look
  }

  return {
    async describe(workingDir, signal) {
      const known = looks.get(workingDir)
      const answer = known?.answer
      if (answer && answer.goodUntil > clock.monotonic()) return factsOf(workingDir, clock.now(), answer.git)
      const look = known && !answer ? known : startLook(workingDir)
      return factsOf(workingDir, clock.now(), await orUndefined(look.git, signal))
    },
    close: () => closing.abort(),
  }
}

function factsOf(workingDir: string, now: number, git: GitFacts | undefined): EnvironmentFacts {
  return { workingDir, platform: process.platform, date: localDate(new Date(now)), ...(git && { git }) }
}

function localDate(date: Date): string {
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0'))
  return `${date.getFullYear()}-${month}-${day}`
}

/** Never rejects. */
async function lookWithin(
  workingDir: string,
  deadlineMs: number,
  clock: Clock,
  closed: AbortSignal,
): Promise<GitFacts | undefined> {
  if (closed.aborted) return undefined
  const deadline = new AbortController()
  const end = (): void => deadline.abort()
  const cancel = clock.timer(deadlineMs, end)
  closed.addEventListener('abort', end, { once: true })
  try {
    return await orUndefined(readGitFacts(workingDir, deadline.signal), deadline.signal)
  } catch {
    return undefined
  } finally {
    cancel()
    closed.removeEventListener('abort', end)
  }
}

/** What `promise` gives, or undefined as soon as `signal` is aborted: others may wait for the same look, so it goes on. */
function orUndefined<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  const { promise: settled, resolve, reject } = Promise.withResolvers<T | undefined>()
  const onAbort = (): void => resolve(undefined)
  signal.addEventListener('abort', onAbort, { once: true })
  promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  return settled
}
