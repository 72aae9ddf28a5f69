import { parentPort, workerData } from 'node:worker_threads'
import type { SearchAnswer, SearchRequest } from './search-request.ts'

// Entry point of a worker thread: one search, one answer. Only what the search needs is loaded: the start is most of its time.
async function search(request: SearchRequest): Promise<SearchAnswer> {
  if (request.kind === 'glob') return (await import('./find-files.ts')).findFiles(request)
  return (await import('./find-lines.ts')).findLines(request)
}

const answer = await search(workerData as SearchRequest)
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(answer)
