/** What is wrong with a file of resources, for the person who wrote it. */
export interface ResourceProblem {
  /** Absolute. */
  readonly file: string
  /** From 1, where it is known. */
  readonly line?: number
  /** `error`: what the file declares is not used. `warning`: it is used, but not as written. `note`: only `resources validate` says it. */
  readonly severity: 'error' | 'warning' | 'note'
  /** What is wrong, as a sentence. */
  readonly message: string
  /** What to do about it, as a sentence. */
  readonly cure: string
}
