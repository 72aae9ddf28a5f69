import { loadConfig as loadBareConfig, type LoadConfigOptions, type LoadedConfig } from '@halter/core/host'
import presetDefault from '@halter/preset-default'

/**
 * Reads the configuration like the command line does: over the default plugins, which are also found by their names.
 * `createRuntime(config.runtime)` starts it, `config.session` is for `newSession`.
 * @throws HalterError `ERR_CONFIG`, `ERR_PLUGIN_LOAD` naming all problems at once; `ERR_CONFIG_UNTRUSTED`.
 */
export function loadConfig(options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  return loadBareConfig({
    ownUrls: [import.meta.url, import.meta.resolve('@halter/preset-default')],
    ...options,
    defaults: { presets: [presetDefault], ...options.defaults },
  })
}
