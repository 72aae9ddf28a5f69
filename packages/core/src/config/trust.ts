import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { HalterError } from '../errors.ts'

/** A folder brings a configuration: may it be applied? */
export interface TrustQuestion {
  readonly folder: string
  readonly file: string
  /** Of the file's content, in hex. */
  readonly sha256: string
}

/** `always` is remembered until the file changes; `no` goes on without the folder's configuration. */
export type TrustAnswer = 'always' | 'once' | 'no'

/** Who decides whether a folder's configuration is applied. */
export interface TrustOptions {
  /** See `halterHome`. Answers are kept in its `trusted.json`. */
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  /** The caller has said yes for this run. */
  readonly isTrusted?: boolean
  /** Asks a person. Absent: nobody can be asked, and a folder that is not trusted is an error. */
  ask?(question: TrustQuestion): Promise<TrustAnswer>
}

/**
 * Whether to apply a folder's configuration; false: go on without it. In this order: the caller, `HALTER_TRUST` (`1` trusts,
 * `0` leaves the configuration out), what was answered before for the same content, a person.
 * @throws HalterError `ERR_CONFIG_UNTRUSTED`, naming the file, when none of these says anything.
 */
export async function mayApply(question: TrustQuestion, options: TrustOptions): Promise<boolean> {
  if (options.isTrusted) return true
  const { HALTER_TRUST } = options.env
  if (HALTER_TRUST === '1' || HALTER_TRUST === 'true') return true
  if (HALTER_TRUST === '0' || HALTER_TRUST === 'false') return false
  const record = readRecord(options.home)
  if (record[question.folder]?.sha256 === question.sha256) return true
  if (!options.ask)
    throw new HalterError(
      'ERR_CONFIG_UNTRUSTED',
      `${question.file} would be applied, and nobody has trusted its folder. Read it; then pass --trust or set HALTER_TRUST=1. To go on without it, set HALTER_TRUST=0.`,
      { data: { ...question } },
    )
  const answer = await options.ask(question)
  if (answer === 'always')
    writeRecord(options.home, { ...record, [question.folder]: { sha256: question.sha256, at: Date.now() } })
  return answer !== 'no'
}

/** The question about a configuration file, as it is now. */
export function trustQuestion(file: string): TrustQuestion {
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
  // The folder's real path, not the file's: a link to a file that is trusted elsewhere would load its plugins from here.
  return { folder: realpathSync(dirname(file)), file, sha256 }
}

type TrustRecord = Readonly<Record<string, { readonly sha256: string; readonly at: number }>>

function readRecord(home: string): TrustRecord {
  try {
    const record: unknown = JSON.parse(readFileSync(join(home, 'trusted.json'), 'utf8'))
    return Object.assign(Object.create(null), record) as TrustRecord
  } catch {
    return {} // not there or damaged: nothing is trusted, and the next answer writes it anew
  }
}

/** Replaces the file in one step, so that a reader never sees half of it. Only the user may read or write it. */
function writeRecord(home: string, record: TrustRecord): void {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const file = join(home, 'trusted.json')
  const next = `${file}.${randomUUID()}`
  writeFileSync(next, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(next, file)
}
