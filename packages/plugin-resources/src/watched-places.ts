import type { Watcher } from '@halter/core'

/** Watches the places of working folders, as long as somebody listens; without listeners it costs nothing. */
export class WatchedPlaces {
  readonly #watcher: Watcher | undefined
  readonly #hasChanged: (folder: string) => boolean
  readonly #listeners = new Set<() => void>()
  /** By working folder, then by path: how to stop. */
  readonly #stops = new Map<string, Map<string, () => void>>()

  constructor(watcher: Watcher | undefined, hasChanged: (folder: string) => boolean) {
    this.#watcher = watcher
    this.#hasChanged = hasChanged
  }

  /** Calls back when a watched place has changed. Returns how to stop; with the last listener every watch ends. */
  listen(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
      if (this.#listeners.size === 0) this.close()
    }
  }

  /** From now on the places of a working folder are these. */
  watch(folder: string, paths: readonly string[]): void {
    if (!this.#watcher || this.#listeners.size === 0) return
    const wanted = new Set(paths)
    const stops = this.#stops.get(folder) ?? new Map<string, () => void>()
    for (const [path, stop] of stops)
      if (!wanted.has(path)) {
        stop()
        stops.delete(path)
      }
    for (const path of wanted)
      if (!stops.has(path))
        stops.set(
          path,
          this.#watcher.watch(path, () => this.#tell(folder)),
        )
    this.#stops.set(folder, stops)
  }

  /** A working folder is of no interest any more. */
  forget(folder: string): void {
    for (const stop of this.#stops.get(folder)?.values() ?? []) stop()
    this.#stops.delete(folder)
  }

  close(): void {
    for (const folder of this.#stops.keys()) this.forget(folder)
  }

  #tell(folder: string): void {
    if (this.#hasChanged(folder)) for (const listener of this.#listeners) listener()
  }
}
