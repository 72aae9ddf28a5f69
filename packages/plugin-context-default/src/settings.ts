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
    strategy: {
      type: 'string',
      enum: ['auto', 'provider', 'summary'],
      default: DEFAULT_SETTINGS.strategy,
      description: 'who makes the summary: the provider where it can, the provider, or a prompt to the model',
    },
    compactAt: {
      ...share,
      default: DEFAULT_SETTINGS.compactAt,
      description:
        'share of the window at which the context is compacted; earlier where a reply would not fit',
    },
    compactTo: {
      ...share,
      default: DEFAULT_SETTINGS.compactTo,
      description: 'share to come down to; below compactAt',
    },
    keepRecent: {
      ...share,
      default: DEFAULT_SETTINGS.keepRecent,
      description: 'share of the newest messages that stay word for word; below compactTo',
    },
    outputAtMost: {
      ...share,
      default: DEFAULT_SETTINGS.outputAtMost,
      description: 'share that one tool output may take; a longer one loses its middle',
    },
    minimumGain: {
      ...share,
      default: DEFAULT_SETTINGS.minimumGain,
      description: 'share that a compaction must win, or else it does not run',
    },
    compactionThreshold: {
      ...atLeastOne,
      default: DEFAULT_SETTINGS.compactionThreshold,
      description: 'tokens at which the context of a model without a known window is compacted',
    },
    preCompactionTarget: {
      ...atLeastOne,
      default: DEFAULT_SETTINGS.preCompactionTarget,
      description: 'tokens to come down to with such a model; below compactionThreshold',
    },
    pruneSignalThreshold: {
      type: 'string',
      enum: ['very-low', 'low', 'normal', 'high'],
      default: DEFAULT_SETTINGS.pruneSignalThreshold,
      description: 'how much messages may say that are left out of what a summary is made from',
    },
    clearOver: {
      ...atLeastOne,
      default: DEFAULT_SETTINGS.clearOver,
      description: 'tokens; smaller tool outputs are never cleared',
    },
    keepOutputsOf: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'names of tools whose outputs are never cleared',
    },
    coolDownSteps: {
      type: 'integer',
      minimum: 0,
      default: DEFAULT_SETTINGS.coolDownSteps,
      description: 'model calls to wait after a compaction that failed, was refused or did not help',
    },
    maxUselessCompactions: {
      ...atLeastOne,
      default: DEFAULT_SETTINGS.maxUselessCompactions,
      description: 'compactions in a row that may fail to help, before no more is tried',
    },
    recall: {
      type: 'boolean',
      default: DEFAULT_SETTINGS.recall,
      description: 'whether the model gets the tool recall_output, which shows cleared outputs again',
    },
    compactionPrompt: {
      type: 'string',
      description: 'instead of the shipped prompt that asks for a summary',
    },
    compactionInstructions: {
      type: 'string',
      description: 'added to the prompt that asks for a summary',
    },
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
