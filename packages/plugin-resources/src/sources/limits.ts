/** How much an archive may hold. Sizes are in bytes; whatever is over is refused as a whole, and nothing of it stays. */
export interface ArchiveLimits {
  /** Of the archive itself. */
  readonly archiveBytes: number
  /** Of all files in it together, unpacked. */
  readonly totalBytes: number
  /** Of one file in it. */
  readonly fileBytes: number
  /** Files, folders, links and whatever else it lists. */
  readonly entries: number
  /** How many times larger the content may be than the archive. Not looked at below 1 MiB: small archives are mostly padding. */
  readonly ratio: number
}

const MiB = 1024 * 1024

/** Far above what a repository of plugins holds, far below what hurts. */
export const ARCHIVE_LIMITS: ArchiveLimits = Object.freeze({
  archiveBytes: 64 * MiB,
  totalBytes: 256 * MiB,
  fileBytes: 32 * MiB,
  entries: 20_000,
  ratio: 100,
})

/** Below this much content the ratio says nothing. */
export const RATIO_FLOOR_BYTES: number = MiB
