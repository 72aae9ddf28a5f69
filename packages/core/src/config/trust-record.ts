import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import type { ProjectContent } from './project-content.ts'

/** What a user has said yes to, for good: this content of a file or folder. */
export interface TrustedContent {
  readonly path: string
  /** The project's folder, as it was asked about. */
  readonly root: string
  readonly sha256: string
  /** When, in milliseconds since the epoch. */
  readonly at: number
}

/** All that a user trusts, by path. A record that is not there or damaged holds nothing. */
export function listTrusted(home: string): readonly TrustedContent[] {
  try {
    const record: unknown = JSON.parse(readFileSync(join(home, FILE), 'utf8'))
    const { trusted } = record as { readonly trusted?: unknown }
    return Array.isArray(trusted) ? trusted.filter(isTrustedContent) : []
  } catch {
    return []
  }
}

/** Remembers what a user has said yes to. What was said of the same paths before gives way. */
export function recordTrust(home: string, root: string, content: readonly ProjectContent[]): void {
  const at = Date.now()
  const added = content.flatMap(({ path, sha256 }) =>
    sha256 === undefined ? [] : [{ path, root, sha256, at }],
  )
  const paths = new Set(added.map(({ path }) => path))
  const rest = listTrusted(home).filter(({ path }) => !paths.has(path))
  writeRecord(home, [...rest, ...added])
}

/** Takes back what was said of a folder and everything below it. Returns what that was. */
export function revokeTrust(home: string, folder: string): readonly TrustedContent[] {
  const below = `${resolve(folder)}${sep}`
  const isMeant = ({ path, root }: TrustedContent): boolean =>
    `${root}${sep}`.startsWith(below) || path.startsWith(below)
  const trusted = listTrusted(home)
  const revoked = trusted.filter(isMeant)
  if (revoked.length > 0)
    writeRecord(
      home,
      trusted.filter((each) => !isMeant(each)),
    )
  return revoked
}

const FILE = 'trusted.json'

/** Replaces the file in one step, so that a reader never sees half of it. Only the user may read or write it. */
function writeRecord(home: string, trusted: readonly TrustedContent[]): void {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const file = join(home, FILE)
  const next = `${file}.${randomUUID()}`
  const sorted = trusted.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  writeFileSync(next, `${JSON.stringify({ trusted: sorted }, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(next, file)
}

function isTrustedContent(value: unknown): value is TrustedContent {
  if (typeof value !== 'object' || value === null) return false
  const { path, root, sha256, at } = value as Partial<TrustedContent>
  return [path, root, sha256].every((each) => typeof each === 'string') && typeof at === 'number'
}
