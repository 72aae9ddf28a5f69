import { Worker } from 'node:worker_threads'
import { failure } from '../failure.ts'
import type {
  GlobAnswer,
  GlobRequest,
  GrepAnswer,
  GrepRequest,
  SearchAnswer,
  SearchRequest,
} from './search-request.ts'

/** Milliseconds that a search may take before it stops with what it has. */
export const SEARCH_BUDGET_MS = 30_000
/** What a search gets beyond that before it is ended from outside: it hangs in one file. */
const GRACE_MS = 1_000

/**
 * Runs a search in a thread of its own: it may walk a large tree, and patterns and .gitignore files come from models and
 * strangers. Nothing they contain can keep this thread from the next event, or the search from being cancelled.
 * @throws HalterError `ERR_TOOL_FAILED`; the signal's reason when that is aborted.
 */
export async function runSearch(request: GlobRequest, signal: AbortSignal): Promise<GlobAnswer>
export async function runSearch(request: GrepRequest, signal: AbortSignal): Promise<GrepAnswer>
export async function runSearch(
  request: SearchRequest,
  signal: AbortSignal,
): Promise<GlobAnswer | GrepAnswer> {
  signal.throwIfAborted()
  const answer = await askWorker(request, signal)
  if (answer.kind === 'refused')
    throw failure(
      `"${request.pattern}" is not a pattern that can be searched for: ${answer.reason}. The syntax is RE2: no lookaround and no ` +
        'backreferences; put a backslash before ( ) [ ] { } . * + ? | ^ $ and \\ to mean them literally.',
    )
  return answer
}

async function askWorker(request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer> {
  const worker = new Worker(workerEntry(), {
    workerData: request,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  })
  const { promise, resolve, reject } = Promise.withResolvers<SearchAnswer>()
  const deadline = setTimeout(() => reject(stuck(request)), request.budgetMs + GRACE_MS)
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  worker.once('message', resolve)
  worker.once('error', (error) =>
    reject(failure(`The search failed: ${error.message}. Search a smaller folder.`, error)),
  )
  worker.once('exit', () => reject(failure('The search ended without an answer. Try it again.')))
  try {
    return await promise
  } finally {
    clearTimeout(deadline)
    signal.removeEventListener('abort', onAbort)
    void worker.terminate()
  }
}

/** The sources run unbuilt as well, and the compiler rewrites imports but no URL. */
function workerEntry(): URL {
  const entry = new URL('./search-worker.ts', import.meta.url)
  if (!import.meta.url.endsWith('.ts')) entry.pathname = entry.pathname.replace(/\.ts$/, '.js')
  return entry
}

function stuck({ pattern, budgetMs }: SearchRequest): Error {
  return failure(
    `The search for "${pattern}" was ended after ${budgetMs / 1000} s: it was stuck in one place. Use a simpler pattern or a smaller folder.`,
  )
}
