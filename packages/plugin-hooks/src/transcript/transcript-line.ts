import type { SessionId } from '@halter/protocol'
import { hash } from 'node:crypto'

/** A block of a message, in the words of Anthropic's Messages API. */
export type Block = { readonly type: string; readonly [key: string]: unknown }

/** The message of a line. */
export interface LineMessage {
  readonly role: 'user' | 'assistant'
  /** The plain text of a prompt, or blocks. */
  readonly content: string | readonly Block[]
  readonly [key: string]: unknown
}

/** One line of a transcript, as Claude Code writes them. */
export interface TranscriptLine {
  readonly parentUuid: string | null
  readonly isSidechain: boolean
  readonly userType: 'external'
  readonly cwd: string
  readonly sessionId: SessionId
  readonly version: string
  readonly gitBranch: string
  readonly type: 'user' | 'assistant' | 'system'
  readonly message?: LineMessage
  readonly uuid: string
  /** ISO 8601. */
  readonly timestamp: string
  readonly [key: string]: unknown
}

/** Version of the lines; Claude Code has its own here, and scripts that show it want some. */
const FORMAT_VERSION = '1.0.0'

/** Where a line stands: what all lines of one moment share. */
export interface LinePlace {
  readonly sessionId: SessionId
  readonly isSidechain: boolean
  readonly cwd: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Builds lines, each linked to the one before it. */
export class LineChain {
  #last: string | null = null

  /** Goes on from where this one is. */
  copy(): LineChain {
    const copy = new LineChain()
    copy.#last = this.#last
    return copy
  }

  /** `id` makes the line's uuid: the same id, the same uuid. */
  next(
    place: LinePlace,
    id: string,
    type: TranscriptLine['type'],
    rest: Readonly<Record<string, unknown>>,
  ): TranscriptLine {
    const uuid = uuidOf(`${place.sessionId}/${id}`)
    const line: TranscriptLine = {
      parentUuid: this.#last,
      isSidechain: place.isSidechain,
      userType: 'external',
      cwd: place.cwd,
      sessionId: place.sessionId,
      version: FORMAT_VERSION,
      gitBranch: '',
      type,
      ...rest,
      uuid,
      timestamp: new Date(place.at).toISOString(),
    }
    this.#last = uuid
    return line
  }
}

/** A UUID of version 8 made from a text: nothing of a transcript is random, so that it can be written again. */
function uuidOf(text: string): string {
  const hex = hash('sha256', text)
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]!
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
