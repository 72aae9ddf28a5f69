import type { ModelLimits } from '@halter/protocol'
import type { ContextSettings } from './settings.ts'

/** The settings for one model. All in tokens. */
export interface Thresholds {
  /** What the model takes in and gives out together; where that is unknown, what the settings imply. */
  readonly window: number
  /** At this size the context is compacted. */
  readonly compactAt: number
  readonly compactTo: number
  readonly keepRecent: number
  readonly outputAtMost: number
  readonly minimumGain: number
  /** More than this the model cannot take in and still give its longest reply. */
  readonly room: number
}

/** Shares become tokens of this model; where it states no window, the absolute settings take their place. */
export function thresholdsOf({ window, maxOutput }: ModelLimits, settings: ContextSettings): Thresholds {
  const isKnown = Number.isFinite(window) && window > 0
  const { compactAt, compactTo } = settings
  const room = isKnown ? window - Math.min(Math.max(0, maxOutput || 0), window / 2) : Infinity
  const threshold = isKnown ? Math.min(window * compactAt, room) : settings.compactionThreshold
  const whole = threshold / compactAt
  return {
    window: isKnown ? window : whole,
    compactAt: threshold,
    compactTo: isKnown ? whole * compactTo : settings.preCompactionTarget,
    keepRecent: whole * settings.keepRecent,
    outputAtMost: whole * settings.outputAtMost,
    minimumGain: whole * settings.minimumGain,
    room,
  }
}
