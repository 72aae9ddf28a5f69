import type { Plugin } from '../define-plugin.ts'
import { isHalterError, HalterError } from '../errors.ts'
import { planStart } from '../kernel/plan.ts'
import type { Problem } from '../kernel/problems.ts'
import { showValue } from './config-problem.ts'
import type { LoadedConfig } from './load-config.ts'
import { pluginOf } from './load-plugins.ts'

/** What a start would do: who is started, in which order, and who fills what. */
export interface PluginPlan {
  readonly plugins: readonly {
    readonly plugin: Plugin
    readonly origin: 'config' | 'preset'
    readonly presetName?: string
    /** Slots that it provides and a plugin with precedence took. */
    readonly lostSlots: readonly string[]
  }[]
  /** Slot → the plugin that fills it, and those that wrap it, innermost first. */
  readonly slots: ReadonlyMap<string, { readonly filler: string; readonly decorators: readonly string[] }>
  readonly notStarted: readonly { readonly plugin: string; readonly reason: string }[]
}

/**
 * What starting the configured plugins would do; refuses everything that would keep them from it and can be known before: two fillers of one
 * slot, circles, missing services, wrong options. Runs nothing of a plugin but the check of its options.
 * @throws HalterError with all of it at once, each with the place that names the plugin.
 */
export async function checkPlugins(config: LoadedConfig): Promise<PluginPlan> {
  try {
    return await planStart(config.runtime)
  } catch (error) {
    throw withPlaces(error, config)
  }
}

/** What kept plugins from starting, with the file, key and options that the configuration has for each of them. */
export function withPlaces(error: unknown, config: LoadedConfig): unknown {
  if (!isHalterError(error)) return error
  const problems = problemsOf(error)
  if (problems.length === 0) return error
  const lines = problems.map((problem) => `  ${problem.message}${placesOf(problem, config).join('')}`)
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return new HalterError(error.code, `The plugins cannot start (${count}):\n${lines.join('\n')}`, {
    plugin: error.plugin,
    cause: error.cause,
    data: error.data,
  })
}

/** Those that were found before anything started, or the one start that failed. */
function problemsOf({ code, message, plugin, data }: HalterError): readonly Problem[] {
  const listed = data?.['problems'] as readonly Problem[] | undefined
  return listed ?? (plugin === undefined ? [] : [{ code, message, plugin }])
}

function placesOf({ message, plugin }: Problem, { origins, runtime }: LoadedConfig): string[] {
  return (runtime.plugins ?? []).flatMap((entry) => {
    const { name } = pluginOf(entry)
    const origin = origins.get(`plugins.${name}`)
    if (!origin || (plugin !== name && !message.includes(name))) return []
    const options = Array.isArray(entry) ? `, with ${showValue(entry[1])}` : ''
    return [`\n    ${name} is in ${origin.source}: "${origin.key ?? 'plugins'}"${options}`]
  })
}
