import { type FSWatcher, statSync, watch as watchPath } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { Clock, Logger, Watcher } from '@halter/core'

/** Settings of a watcher. */
export interface WatcherOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** How long the changes of a burst are gathered before the one call; milliseconds, default 100. */
  readonly gatherMs?: number
}

/** A watcher, and how to stop everything that it watches. */
export interface ClosableWatcher extends Watcher {
  close(): void
}

/**
 * Slot `watcher`, by `fs.watch`. A path is watched through its folder too: editors replace files, and a watch follows the old
 * one. What does not exist yet is waited for. Watching a folder means all below it, and on Linux one kernel watch per folder
 * below: pass a folder of sources, not one with dependencies in it. Nothing here keeps the process alive.
 */
export function createWatcher(options: WatcherOptions): ClosableWatcher {
  const open = new Set<() => void>()
  return {
    watch(path, onChange) {
      const stop = watchOne(resolve(path), onChange, options)
      open.add(stop)
      return () => {
        open.delete(stop)
        stop()
      }
    },
    close() {
      for (const stop of open) stop()
      open.clear()
    },
  }
}

function watchOne(path: string, onChange: () => void, options: WatcherOptions): () => void {
  const { clock, logger, gatherMs = 100 } = options
  let watches: readonly FSWatcher[] = []
  let cancelBurst: (() => void) | undefined
  let isStopped = false

  const burst = (): void => {
    cancelBurst ??= clock.timer(gatherMs, () => {
      cancelBurst = undefined
      arm() // what is at the path may be another file or folder by now
      try {
        onChange()
      } catch (error) {
        logger.error('a listener for changed files threw', { path, error: String(error) })
      }
    })
  }
  const arm = (): void => {
    for (const each of watches) each.close()
    watches = isStopped ? [] : openWatches(path, burst, logger)
  }
  arm()
  return () => {
    isStopped = true
    cancelBurst?.()
    arm()
  }
}

/** The watches that a path needs as it is now: the nearest folder above it that exists, and itself when it is a folder. */
function openWatches(path: string, onEvent: () => void, logger: Logger): FSWatcher[] {
  const start = (folder: string, name: string | undefined): FSWatcher | undefined => {
    try {
      const options = { persistent: false, recursive: name === undefined }
      const watch = watchPath(folder, options, (_, changed) => {
        if (name === undefined || changed === null || changed === name) onEvent()
      })
      return watch.on('error', (error) => {
        logger.debug('a watch ended', { folder, error: String(error) })
        watch.close()
        onEvent()
      })
    } catch (error) {
      logger.warn(`changes below ${folder} go unnoticed: it cannot be watched`, { error: String(error) })
      return undefined
    }
  }
  let name = basename(path)
  let folder = dirname(path)
  while (!isFolder(folder) && dirname(folder) !== folder) {
    name = basename(folder)
    folder = dirname(folder)
  }
  const around = folder === path ? undefined : start(folder, name)
  const inside = isFolder(path) ? start(path, undefined) : undefined
  return [around, inside].filter((watch) => watch !== undefined)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
