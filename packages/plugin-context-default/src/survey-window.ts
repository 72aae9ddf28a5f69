import type { ContextInput } from '@halter/core'
import type { Message } from '@halter/protocol'
import { isTurnStart } from './obligations.ts'
import { isClearable, type ShowRules } from './show-message.ts'
import { unitsOf, type Unit } from './units.ts'

/** A unit of the window, with what it weighs. */
export interface WeighedUnit extends Unit {
  /** Tokens as the model sees it now. */
  readonly tokens: number
  /** Tokens that clearing its outputs would save. */
  readonly clearable: number
  /** It stays, whatever else leaves. */
  readonly isPinned: boolean
  /** An earlier summary: taking it out wins nothing. */
  readonly isSummary: boolean
}

/** The whole window, looked at for a compaction. */
export interface Survey {
  readonly messages: readonly Message[]
  readonly seqs: readonly number[]
  readonly units: readonly WeighedUnit[]
  /** Index of the prompt that began the newest turn; 0 when there is none. */
  readonly newestPrompt: number
  /** What a text or a message weighs here: its estimate, as this provider counts. */
  weigh(piece: string | Message): number
}

/** What a survey is made from. */
export interface SurveyQuestion {
  readonly input: ContextInput
  /** What the model sees now; what is cleared already is too small to be cleared again. */
  readonly shown: readonly Message[]
  readonly settings: ShowRules['settings']
  /** Tokens of a context whose messages are estimated at so many: reported per estimated ones. */
  factor(estimated: number): number
}

/** A marker's size, about. Tokens. */
const MARKER = 60

/** Looks at every message: only for a compaction. */
export function surveyWindow({ input, shown, settings, factor }: SurveyQuestion): Survey {
  const messages = input.state.transcript.slice()
  const seqs = input.state.seqs.slice(0, messages.length)
  const sizes = shown.map((message) => input.tokensOf(message))
  const scale = factor(sizes.reduce((sum, size) => sum + size, 0))
  const pinned = new Set(input.obligations().flatMap(({ messageId }) => messageId ?? []))
  const units = unitsOf(messages).map((unit): WeighedUnit => {
    let tokens = 0
    let clearable = 0
    for (let index = unit.from; index < unit.to; index++) {
      const size = sizes[index]!
      tokens += size * scale
      const message = messages[index]!
      if (message.role === 'tool' && isClearable(message, size, settings))
        clearable += Math.max(0, size - MARKER) * scale
    }
    const [first] = unit.messages
    return {
      ...unit,
      tokens,
      clearable,
      isPinned: unit.messages.some(({ id }) => pinned.has(id)),
      isSummary: first!.role === 'user' && first!.origin === 'compaction',
    }
  })
  const newestPrompt = Math.max(0, messages.findLastIndex(isTurnStart))
  return { messages, seqs, units, newestPrompt, weigh: (piece) => input.tokensOf(piece) * scale }
}
