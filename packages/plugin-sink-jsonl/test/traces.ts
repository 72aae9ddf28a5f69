import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStore } from '@halter/core'
import { JsonlSink } from '@halter/plugin-sink-jsonl'
import type { SessionId, StoredEvent } from '@halter/protocol'
import { onTestFinished } from 'vitest'

/** A folder that goes when the test is over. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'halter-traces-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Knows of no session. */
export const loadNothing: SessionStore['load'] = async () => undefined

/** A sink that is let go of when the test is over. */
export async function openSink(dir: string, load: SessionStore['load'] = loadNothing): Promise<JsonlSink> {
  const sink = await JsonlSink.open({ dir, load })
  onTestFinished(() => sink.close())
  return sink
}

/** A signal that is never aborted. */
export const never = new AbortController().signal

/** A line of a trace. */
export type TraceLine =
  | StoredEvent
  | {
      readonly type: 'trace.session'
      readonly v: 1
      readonly sessionId: SessionId
      readonly parentId?: SessionId
    }

/** The names of the traces in a folder. */
export function tracesIn(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
}

/** Every line of a trace, parsed; fails when one is no JSON or the last one has no end. */
export function linesOf(path: string): TraceLine[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  if (lines.pop() !== '') throw new Error(`the last line of ${path} has no end`)
  return lines.map((line) => JSON.parse(line) as TraceLine)
}

/** The events of a trace, of one session or of all. */
export function eventsOf(path: string, sessionId?: SessionId): StoredEvent[] {
  return linesOf(path).filter(
    (line): line is StoredEvent =>
      line.type !== 'trace.session' && (sessionId === undefined || line.sessionId === sessionId),
  )
}
