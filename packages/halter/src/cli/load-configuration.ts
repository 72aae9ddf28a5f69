import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  loadConfig,
  type HalterConfig,
  type LoadedConfig,
  type ModuleVersions,
  type TrustAnswer,
  type TrustQuestion,
} from '@halter/core/host'
import presetDefault from '@halter/preset-default'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

/** What the options of a command say about its configuration. */
export interface ConfigurationRequest {
  readonly cwd?: string | undefined
  readonly config?: string | undefined
  readonly trust?: boolean | undefined
  readonly model?: string | undefined
  readonly plugin?: readonly string[] | undefined
  readonly set?: readonly string[] | undefined
  /** Whom to ask about an untrusted folder. Default: the person at the terminal, where there is one. */
  readonly ask?: (question: TrustQuestion) => Promise<TrustAnswer>
  /** Kept from one load to the next, it gives plugins whose files were edited as they are now. */
  readonly versions?: ModuleVersions | undefined
}

/** Reads the configuration as the options of a command say. */
export async function loadConfiguration(
  request: ConfigurationRequest,
  output: Output,
): Promise<{ readonly config: LoadedConfig; readonly cwd: string }> {
  const cwd = workingFolder(request.cwd)
  const isAskable = request.ask !== undefined || isInteractive()
  const config = await loadConfig({
    cwd,
    explicit: request.config,
    ...LIBRARY,
    ...(request.versions && { versions: request.versions }),
    ...(await overrides(request, cwd)),
    trust: {
      isTrusted: request.trust ?? false,
      ...(isAskable && {
        ask:
          request.ask ??
          (async (question) => (await import('./trust-question.ts')).askForTrust(question, output)),
      }),
    },
  })
  return { config, cwd }
}

/** True when somebody can be asked: both the answer and the question have a terminal. */
export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** The folder that a command works in. @throws UsageError when there is none. */
export function workingFolder(named: string | undefined): string {
  const cwd = resolve(named ?? process.cwd())
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`--cwd ${cwd}: there is no such folder.`)
  return cwd
}

/** What counts when nothing else is said, and where plugins are found that no folder of the user's has. */
export const LIBRARY = {
  // A plugin of the preset is found by its name even where its package is nobody's but the preset's.
  ownUrls: [import.meta.url, import.meta.resolve('@halter/preset-default')],
  defaults: { model: 'demo', presets: [presetDefault] } satisfies HalterConfig,
}

async function overrides(
  { model, plugin = [], set = [] }: ConfigurationRequest,
  cwd: string,
): Promise<Pick<Parameters<typeof loadConfig>[0] & object, 'overrides' | 'overridesFrom'>> {
  const settings = set.length > 0 ? (await import('./parse-settings.ts')).parseSettings(set) : NO_SETTINGS
  const named = plugin.map((name) => (isFileName(name, cwd) ? `./${name}` : name))
  const plugins = [...(settings.config.plugins ?? []), ...named]
  const keys = new Map([
    ...settings.keys,
    ...(model === undefined ? [] : [['model', '--model'] as const]),
    ...(plugin.length === 0 ? [] : [['plugins', '--plugin'] as const]),
  ])
  if (set.length === 0 && plugins.length === 0 && model === undefined) return {}
  return {
    overrides: {
      ...settings.config,
      ...(model !== undefined && { model }),
      ...(plugins.length > 0 && { plugins }),
    },
    overridesFrom: { source: 'the command line', keys, prefersOwn: true },
  }
}

const NO_SETTINGS = { config: {} as HalterConfig, keys: new Map<string, string>() }

/** In a shell, nobody writes `./` before a file that is right here. */
function isFileName(name: string, cwd: string): boolean {
  return (
    !/^(?:\.{0,2}[\\/]|file:|@|[a-zA-Z]:[\\/])/.test(name) &&
    /\.[cm]?[jt]s$/.test(name) &&
    existsSync(resolve(cwd, name))
  )
}
