import type { ModuleVersions } from '@halter/core/host'
import { loadConfiguration } from '../load-configuration.ts'
import { pluginLists, type OpenRuntime, type RuntimeRequest } from '../open-runtime.ts'
import type { Output } from '../output.ts'

/** Of core: it fills the slot `trust` with what was decided when the configuration was read. */
const TRUST = '@halter/core/trust'

/**
 * Reads the configuration again and gives the runtime its plugins and presets, edited ones as they are now.
 * @throws HalterError and changes nothing, when the configuration or any plugin of it is refused.
 */
export async function reloadRuntime(
  { runtime, config: first }: OpenRuntime,
  { ask, ...request }: RuntimeRequest & { readonly versions: ModuleVersions },
  output: Output,
): Promise<void> {
  let hasAsked = false
  const asking: typeof ask = ask && ((question) => ((hasAsked = true), ask(question)))
  const { config } = await loadConfiguration({ ...request, ...(asking && { ask: asking }) }, output)
  for (const warning of config.warnings) output.complain(warning)
  const { plugins, presets } = await pluginLists(config, request)
  // A decision that nobody was asked about again is the same one, and what rests on it need not be started again.
  const before = hasAsked ? undefined : first.runtime.presets?.find(({ name }) => name === TRUST)
  await runtime.reload(
    plugins,
    presets.map((preset) => (preset.name === TRUST ? (before ?? preset) : preset)),
  )
}
