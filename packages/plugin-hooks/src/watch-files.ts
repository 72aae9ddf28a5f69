import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { toErrorWire } from '@halter/core'
import { dispatch } from './dispatch.ts'
import type { HookSession } from './hook-session.ts'
import type { Moment } from './hook-services.ts'
import { observed } from './subject.ts'

/**
 * Watches the files that `FileChanged` handlers name in their matchers, `.env|.envrc`, in the working directory, and those that a
 * handler asked for. Until the session leaves memory.
 */
export function watchFiles(hooks: HookSession, more: readonly string[] = []): void {
  const { watcher } = hooks.services
  const handlers = hooks.plan.byEvent.get('FileChanged')
  if (!watcher || !handlers) return
  const { workingDir } = hooks.session.blueprint
  const named = handlers.flatMap(({ handler }) => handler.matcher?.split('|') ?? [])
  const wanted = [...named, ...more].map((path) => resolve(workingDir, path.trim()))
  for (const path of wanted)
    if (!hooks.watched.has(path)) hooks.watched.set(path, watcher.watch(path, onChange(hooks, path)))
}

function onChange(hooks: HookSession, path: string): () => void {
  let last = versionOf(path)
  return () => {
    const now = versionOf(path)
    if (now === last || hooks.closing.signal.aborted) return
    const event = last === undefined ? 'add' : now === undefined ? 'unlink' : 'change'
    last = now
    void tell(hooks, path, event)
  }
}

async function tell(hooks: HookSession, path: string, event: 'add' | 'unlink' | 'change'): Promise<void> {
  const { logger } = hooks.services
  const moment: Moment = {
    session: hooks.session,
    turnId: undefined,
    signal: hooks.closing.signal,
    warn: (message) => logger.warn(message),
  }
  try {
    const subject = observed('FileChanged', [path, basename(path)], { file_path: path, event })
    const merged = await dispatch(hooks, subject, moment)
    watchFiles(hooks, merged?.watchPaths)
  } catch (error) {
    if (!hooks.closing.signal.aborted)
      logger.warn(`FileChanged hooks for ${path} failed: ${toErrorWire(error).message}`)
  }
}

function versionOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && `${stat.mtimeMs}:${stat.size}:${stat.ino}`
}
