import type { ModuleVersions } from '@halter/core/host'
import { loadConfiguration } from '../load-configuration.ts'
import { pluginLists, type OpenRuntime, type RuntimeRequest } from '../open-runtime.ts'
import type { Output } from '../output.ts'

/**
 * Reads the configuration again and gives the runtime its plugins, edited ones as they are now. Presets stay those of the start.
 * @throws HalterError and changes nothing, when the configuration or any plugin of it is refused.
 */
export async function reloadRuntime(
  { runtime }: OpenRuntime,
  request: RuntimeRequest & { readonly versions: ModuleVersions },
  output: Output,
): Promise<void> {
  const { config } = await loadConfiguration(request, output)
  for (const warning of config.warnings) output.complain(warning)
  const { plugins } = await pluginLists(config, request)
  await runtime.reload(plugins)
}
