import { EMPTY_RESOURCES, type ResourceSnapshot, type ResourceSource, type Watcher } from '@halter/core'
import type { SessionBlueprint } from '@halter/protocol'
import {
  compileResources,
  findProject,
  type Bundles,
  type CompiledFolder,
  type ResourcePlaces,
} from './compile-resources.ts'
import { FileCache, FileLooks } from './file-looks.ts'
import type { SeenPlaces } from './seen-places.ts'
import type { Compiled } from './snapshot.ts'
import { WatchedPlaces } from './watched-places.ts'

/** What a source of resources works with. */
export interface ResourceFilesOptions extends ResourcePlaces {
  /** Whether a working folder may bring what runs. Absent: none may. */
  isTrusted?(folder: string): Promise<boolean>
  /**
   * Plugins that come from elsewhere, after those of `roots`. Called whenever a file of `looks` has changed; what it reads, it reads
   * with `looks`.
   */
  bundles?(looks: FileLooks): Promise<Bundles>
  /** Milliseconds since the epoch. Default: those of the system. */
  now?(): number
  /** Tells listeners of `onChange` early. Without it a change is found by the next turn. */
  readonly watcher?: Watcher
}

/** What is known of a working folder. */
interface Known extends CompiledFolder {
  readonly seen: SeenPlaces
  readonly needsTrust: boolean
  readonly isTrusted: boolean
  /** When what failed to come from elsewhere is asked for again; milliseconds since the epoch. */
  readonly retryAt: number
}

/** A source that did not answer would hold up each turn if it were asked in each. Milliseconds. */
const RETRY_MS = 5 * 60_000
/** Working folders whose snapshot is kept. */
const KEPT_FOLDERS = 100

/**
 * Slot `resources`, from files. A snapshot belongs to a working folder; all its sessions share it. As long as no file changes it is the
 * same object, for the price of a `stat` for each, and one for all that a folder does not have; when one does, that one is read again,
 * and nothing else. Whether a folder is trusted is asked every time, for that can change without a file.
 */
export class ResourceFiles implements ResourceSource {
  readonly #options: ResourceFilesOptions
  readonly #cache = new FileCache()
  readonly #known = new Map<string, Known>()
  readonly #reading = new Map<string, Promise<Known>>()
  readonly #watched: WatchedPlaces

  constructor(options: ResourceFilesOptions) {
    this.#options = options
    this.#watched = new WatchedPlaces(options.watcher, (folder) => {
      const known = this.#known.get(folder)
      return !known || !known.seen.areUnchanged()
    })
  }

  /** How many files were read so far: those that do not change are read once. */
  get reads(): number {
    return this.#cache.reads
  }

  snapshot({
    workingDir,
  }: Pick<SessionBlueprint, 'workingDir'>): ResourceSnapshot | Promise<ResourceSnapshot> {
    const known = this.#known.get(workingDir)
    if (known && !known.needsTrust && this.#isCurrent(known)) return known.snapshot
    return this.inspect(workingDir).then(({ snapshot }) => snapshot)
  }

  /** The snapshot of a working folder, and all that there is to say about its files. */
  async inspect(workingDir: string): Promise<Compiled> {
    const running = this.#reading.get(workingDir)
    // It may have begun before the change that this call must see.
    if (running && (await running).seen.areUnchanged()) return running
    return this.#start(workingDir)
  }

  onChange(listener: () => void): () => void {
    const stop = this.#watched.listen(listener)
    for (const [folder, { watched }] of this.#known) this.#watched.watch(folder, watched)
    return stop
  }

  /** Ends every watch. */
  close(): void {
    this.#watched.close()
  }

  #start(workingDir: string): Promise<Known> {
    const running = this.#reading.get(workingDir)
    if (running) return running
    const reading = this.#read(workingDir).finally(() => this.#reading.delete(workingDir))
    this.#reading.set(workingDir, reading)
    return reading
  }

  async #read(workingDir: string): Promise<Known> {
    const options = this.#options
    const known = this.#known.get(workingDir)
    // As long as nothing changes, what the folder brings is known, and only whether it is trusted is open.
    const isCurrent = known !== undefined && this.#isCurrent(known)
    const answer = isCurrent && known.needsTrust ? await this.#trustOf(workingDir) : undefined
    if (isCurrent && (answer?.isTrusted ?? false) === known.isTrusted) return known
    const looks = new FileLooks(this.#cache)
    const project = findProject(workingDir, options, looks)
    const { needsTrust } = project
    const trust = answer ?? (needsTrust ? await this.#trustOf(workingDir) : { isTrusted: false })
    const isTrusted = needsTrust && trust.isTrusted
    const bundles = await this.#bundles(looks, trust.warning)
    const compiled = await compileResources(project, isTrusted, options, bundles, looks)
    const now = {
      ...compiled,
      ...withSameObject(compiled, known),
      seen: looks.seen(),
      needsTrust,
      isTrusted,
      retryAt: bundles && bundles.warnings.length > 0 ? this.#now() + RETRY_MS : Infinity,
    }
    this.#keep(workingDir, now)
    return now
  }

  #isCurrent({ retryAt, seen }: Known): boolean {
    return this.#now() < retryAt && seen.areUnchanged()
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  /** Whoever cannot say is taken for a no: what is the user's own, hooks that guard among it, must not go with the folder's. */
  async #trustOf(folder: string): Promise<{ readonly isTrusted: boolean; readonly warning?: string }> {
    try {
      return { isTrusted: (await this.#options.isTrusted?.(folder)) ?? false }
    } catch (error) {
      return { isTrusted: false, warning: `Whether ${folder} is trusted cannot be told: ${String(error)}.` }
    }
  }

  async #bundles(looks: FileLooks, warning: string | undefined): Promise<Bundles | undefined> {
    const more = warning === undefined ? [] : [warning]
    try {
      const bundles = await this.#options.bundles?.(looks)
      if (!bundles) return more.length === 0 ? undefined : { plugins: [], warnings: more, watched: [] }
      return { ...bundles, warnings: [...bundles.warnings, ...more] }
    } catch (error) {
      const failure = `The plugins of sources and marketplaces are left out: ${String(error)}.`
      return { plugins: [], warnings: [failure, ...more], watched: [] }
    }
  }

  #keep(folder: string, known: Known): void {
    this.#known.delete(folder)
    if (this.#known.size >= KEPT_FOLDERS) {
      const oldest = this.#known.keys().next().value!
      this.#known.delete(oldest)
      this.#watched.forget(oldest)
    }
    this.#known.set(folder, known)
    this.#watched.watch(folder, known.watched)
  }
}

/** The same snapshot as before when it says the same, so that whoever keeps something by it can go on doing so. */
function withSameObject({ snapshot }: Compiled, known: Known | undefined): Pick<Compiled, 'snapshot'> {
  if (known && isSame(known.snapshot, snapshot)) return { snapshot: known.snapshot }
  return { snapshot: isSame(EMPTY_RESOURCES, snapshot) ? EMPTY_RESOURCES : snapshot }
}

function isSame(a: ResourceSnapshot, b: ResourceSnapshot): boolean {
  return (
    a.revision === b.revision &&
    a.warnings.length === b.warnings.length &&
    a.warnings.every((warning, index) => warning === b.warnings[index])
  )
}
