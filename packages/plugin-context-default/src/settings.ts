import { HalterError, jsonSchema } from '@halter/core'

/** How a summary comes about. `auto`: by the provider where it can, else by a prompt to the model. */
export type CompactionStrategy = 'auto' | 'provider' | 'summary'

/** Options of `@halter/plugin-context-default`. Shares are of the model's window. */
export interface ContextSettings {
  readonly strategy: CompactionStrategy
  /** Share at which the context is compacted; earlier where the longest reply would not fit otherwise. */
  readonly compactAt: number
  /** Share to come down to: by clearing old outputs alone where that is enough. So much is also what a summary is made from. */
  readonly compactTo: number
  /** Share of the newest messages that stay word for word. */
  readonly keepRecent: number
  /** Share that one tool output may take; of a longer one the beginning and the end are shown. */
  readonly outputAtMost: number
  /** Share that a compaction must win, or else it does not run. */
  readonly minimumGain: number
  /** Tokens at which the context of a model without a known window is compacted. */
  readonly compactionThreshold: number
  /** `compactTo` of such a model, in tokens. */
  readonly preCompactionTarget: number
  /** Up to which signal messages may be left out of what a summary is made from; see {@link scoreMessage}. */
  readonly pruneSignalThreshold: 'very-low' | 'low' | 'normal' | 'high'
  /** Tokens; smaller tool outputs are never cleared. */
  readonly clearOver: number
  /** Names of tools whose outputs are never cleared. */
  readonly keepOutputsOf: readonly string[]
  /** Model calls to wait after a compaction that did not help, or that failed or was refused by a hook. */
  readonly coolDownSteps: number
  /** Compactions in a row that may fail to help, before no more is tried. */
  readonly maxUselessCompactions: number
  /** Whether the model gets the tool `recall_output`, which shows cleared outputs again. */
  readonly recall: boolean
  /** Instead of the shipped prompt that asks for a summary. */
  readonly compactionPrompt?: string
  /** Added to the prompt that asks for a summary. */
  readonly compactionInstructions?: string
}

/** The settings of somebody who set none. */
export const DEFAULT_SETTINGS: ContextSettings = Object.freeze({
  strategy: 'auto',
  compactAt: 0.8,
  compactTo: 0.6,
  keepRecent: 0.2,
  outputAtMost: 0.25,
  minimumGain: 0.1,
  compactionThreshold: 80_000,
  preCompactionTarget: 60_000,
  pruneSignalThreshold: 'normal',
  clearOver: 300,
  keepOutputsOf: Object.freeze([]),
  coolDownSteps: 5,
  maxUselessCompactions: 2,
  recall: true,
})

const share = { type: 'number', exclusiveMinimum: 0, maximum: 1 }
const atLeastOne = { type: 'integer', minimum: 1 }

/** The settings as JSON Schema, defaults included. */
export const settingsSchema = jsonSchema<ContextSettings>({
  type: 'object',
  additionalProperties: false,
  properties: {
    strategy: { type: 'string', enum: ['auto', 'provider', 'summary'], default: DEFAULT_SETTINGS.strategy },
    compactAt: { ...share, default: DEFAULT_SETTINGS.compactAt },
    compactTo: { ...share, default: DEFAULT_SETTINGS.compactTo },
    keepRecent: { ...share, default: DEFAULT_SETTINGS.keepRecent },
    outputAtMost: { ...share, default: DEFAULT_SETTINGS.outputAtMost },
    minimumGain: { ...share, default: DEFAULT_SETTINGS.minimumGain },
    compactionThreshold: { ...atLeastOne, default: DEFAULT_SETTINGS.compactionThreshold },
    preCompactionTarget: { ...atLeastOne, default: DEFAULT_SETTINGS.preCompactionTarget },
    pruneSignalThreshold: {
      type: 'string',
      enum: ['very-low', 'low', 'normal', 'high'],
      default: DEFAULT_SETTINGS.pruneSignalThreshold,
    },
    clearOver: { ...atLeastOne, default: DEFAULT_SETTINGS.clearOver },
    keepOutputsOf: { type: 'array', items: { type: 'string' }, default: [] },
    coolDownSteps: { type: 'integer', minimum: 0, default: DEFAULT_SETTINGS.coolDownSteps },
    maxUselessCompactions: { ...atLeastOne, default: DEFAULT_SETTINGS.maxUselessCompactions },
    recall: { type: 'boolean', default: DEFAULT_SETTINGS.recall },
    compactionPrompt: { type: 'string' },
    compactionInstructions: { type: 'string' },
  },
})

/**
 * Completes settings with the defaults.
 * @throws HalterError `ERR_PLUGIN_CONFIG` when they contradict each other: what a compaction leaves must be below where it starts.
 */
export function completeSettings(given: Partial<ContextSettings>): ContextSettings {
  const settings = { ...DEFAULT_SETTINGS, ...given }
  for (const [lower, upper] of [
    ['compactTo', 'compactAt'],
    ['keepRecent', 'compactTo'],
    ['preCompactionTarget', 'compactionThreshold'],
  ] as const)
    if (!(settings[lower] < settings[upper]))
      throw new HalterError(
        'ERR_PLUGIN_CONFIG',
        `${lower} (${settings[lower]}) of @halter/plugin-context-default must be below ${upper} (${settings[upper]}). Lower ` +
          `${lower}, or raise ${upper}.`,
        { plugin: '@halter/plugin-context-default' },
      )
  return settings
}
