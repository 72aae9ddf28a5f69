import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EMPTY_RESOURCES, type ResourceSnapshot, type ResourceSource } from '@halter/core'
import type { SessionBlueprint } from '@halter/protocol'
import { areSame, lookAt, readInstruction, type FileStamp, type ReadInstruction } from './instruction-file.ts'

/** Of one folder, the first that exists. */
const NAMES = ['AGENTS.md', 'CLAUDE.md']
/** Working directories whose snapshot is kept. */
const KEPT_FOLDERS = 100

interface Known {
  readonly stamps: readonly FileStamp[]
  readonly snapshot: ResourceSnapshot
}

/**
 * Slot `resources`, for those who need no more: AGENTS.md, or else CLAUDE.md, of the working directory and the folders above it
 * up to the root of its repository, and AGENTS.md of the user. Outside a repository only the working directory counts. While no
 * file changes, a snapshot costs a few `stat` calls and is the same object.
 */
export class InstructionFiles implements ResourceSource {
  readonly #userFile: string
  readonly #known = new Map<string, Known>()

  /** `home`: where halter keeps what belongs to no project. */
  constructor(home: string) {
    this.#userFile = join(home, 'AGENTS.md')
  }

  snapshot({ workingDir }: SessionBlueprint): ResourceSnapshot {
    const folders = projectFolders(workingDir)
    const own = lookAt(this.#userFile)
    const project = folders.flatMap((folder) => firstOf(folder) ?? [])
    const stamps = own ? [own, ...project.filter(({ path }) => path !== own.path)] : project
    const known = this.#known.get(workingDir)
    if (known && areSame(known.stamps, stamps)) return known.snapshot
    const snapshot = snapshotOf(
      stamps.map(({ path }) => readInstruction(path, path === this.#userFile ? undefined : folders[0])),
    )
    this.#keep(workingDir, { stamps, snapshot })
    return snapshot
  }

  #keep(workingDir: string, known: Known): void {
    this.#known.delete(workingDir)
    if (this.#known.size >= KEPT_FOLDERS) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(workingDir, known)
  }
}

/** From the root of the repository down to the working directory; only that one where there is no repository. */
function projectFolders(workingDir: string): readonly string[] {
  const folders: string[] = []
  for (let folder = workingDir; ; folder = dirname(folder)) {
    folders.unshift(folder)
    if (existsSync(join(folder, '.git'))) return folders
    if (dirname(folder) === folder) return [workingDir]
  }
}

function firstOf(folder: string): FileStamp | undefined {
  for (const name of NAMES) {
    const stamp = lookAt(join(folder, name))
    if (stamp) return stamp
  }
  return undefined
}

function snapshotOf(files: readonly ReadInstruction[]): ResourceSnapshot {
  const instructions = files.flatMap(({ instruction }) => instruction ?? [])
  const warnings = files.flatMap(({ warning }) => warning ?? [])
  if (instructions.length === 0 && warnings.length === 0) return EMPTY_RESOURCES
  // Not imported: Node has it loaded already, and building its ES module view would cost milliseconds at start.
  const { hash } = process.getBuiltinModule('node:crypto')
  const revision = hash('sha256', JSON.stringify(instructions.map(({ source, text }) => [source, text])))
  return Object.freeze({ ...EMPTY_RESOURCES, revision, instructions, warnings })
}
