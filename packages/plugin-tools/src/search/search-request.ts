import type { WalkRequest } from './walk.ts'

/** What both searches need to know. All of it crosses to the worker, so it is plain data. */
interface SearchBase extends WalkRequest {
  /** Put before every path in the result; empty, or ending in a slash. */
  readonly prefix: string
  /** Milliseconds after which the search stops by itself, with what it has. */
  readonly budgetMs: number
}

/** What an entry of a folder is. */
export type FileType = 'file' | 'folder' | 'link'

/** Asks for the names of files. */
export interface GlobRequest extends SearchBase {
  readonly kind: 'glob'
  /** Below `start`. */
  readonly pattern: string
  /** Only entries of this type. Absent: files, and links, whatever they lead to. */
  readonly type?: FileType
  readonly maxFiles: number
}

/** What grep shows. */
export type GrepMode = 'content' | 'files_with_matches' | 'count'

/** Asks for lines in files. */
export interface GrepRequest extends SearchBase {
  readonly kind: 'grep'
  readonly pattern: string
  readonly mode: GrepMode
  readonly ignoreCase: boolean
  readonly multiline: boolean
  readonly lineNumbers: boolean
  /** Lines of context. */
  readonly before: number
  readonly after: number
  /** Only this file of `start`. */
  readonly only?: string
  /** Only files that this glob matches: by name when it has no slash, else by the path below `start`. */
  readonly glob?: string
  /** Only files of this type. */
  readonly type?: string
  /** Lines of the result. */
  readonly maxLines: number
  readonly maxBytes: number
}

/** A request of either kind. */
export type SearchRequest = GlobRequest | GrepRequest

/** What both searches tell besides what they found. */
interface AnswerBase {
  readonly lines: readonly string[]
  /** The budget ended the search: totals count what was looked at until then. */
  readonly isIncomplete: boolean
  readonly unreadable: number
}

/** Found files, the newest first. */
export interface GlobAnswer extends AnswerBase {
  readonly kind: 'glob'
  readonly total: number
}

/** Found lines, and exact totals, whatever `lines` had room for. */
export interface GrepAnswer extends AnswerBase {
  readonly kind: 'grep'
  /** Lines of the result when nothing is cut, context and separators included. */
  readonly totalLines: number
  /** Matching lines; with `multiline`, matches. */
  readonly matches: number
  readonly files: number
  readonly searched: number
  /** The pattern's parentheses are not balanced, and were taken as text. */
  readonly isLenient: boolean
  /** Files that are too large to search. */
  readonly tooLarge: readonly string[]
}

/** The pattern could not be used. */
export interface PatternRefused {
  readonly kind: 'refused'
  readonly reason: string
}

/** What a worker sends back. */
export type SearchAnswer = GlobAnswer | GrepAnswer | PatternRefused
