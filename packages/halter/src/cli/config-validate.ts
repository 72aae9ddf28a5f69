import { isHalterError } from '@halter/core'
import { checkPlugins, loadConfig } from '@halter/core/host'
import type { OptionValues } from './command-spec.ts'
import type { CONFIG_VALIDATE } from './commands/config.ts'
import { configData } from './config-data.ts'
import { loadConfiguration, LIBRARY, workingFolder } from './load-configuration.ts'
import type { Output } from './output.ts'

/** `halter config validate`: exit code 2 with everything that is wrong. */
export async function validateConfig(
  options: OptionValues<(typeof CONFIG_VALIDATE)['options']>,
  [file]: readonly string[],
  output: Output,
): Promise<number> {
  try {
    const config =
      file === undefined
        ? (await loadConfiguration(options, output)).config
        : await loadConfig({ ...LIBRARY, cwd: workingFolder(options.cwd), explicit: file, isAlone: true })
    await checkPlugins(config)
    for (const warning of config.warnings) output.complain(warning)
    const sources = config.layers.filter(({ name }) => name !== 'default').map(({ source }) => source)
    const { plugins } = configData(config)
    if (options.json) output.json({ valid: true, sources, plugins })
    else output.data(`valid: ${sources.join(', ') || 'the defaults; no configuration file was found'}\n`)
    return 0
  } catch (error) {
    if (!options.json || !isHalterError(error)) throw error
    const { code, message, data } = error
    output.json({ valid: false, code, message, problems: data?.['problems'] ?? [] })
    return 2
  }
}
