import type { Clock, FolderTrust, Logger, Watcher } from '@halter/core'
import { HookPlans } from './hook-plan.ts'
import type { HookServices } from './hook-services.ts'
import type { HooksOptions } from './options.ts'
import { SettingsFiles } from './settings-files.ts'

/** What of the surroundings is used. */
export interface Surroundings {
  readonly clock: Clock
  readonly logger: Logger
  readonly watcher?: Watcher | undefined
  readonly trust?: FolderTrust | undefined
}

/** What the sessions of one plugin, or of one set of in-process handlers, share. */
export function createServices(
  key: string,
  { clock, logger, watcher, trust }: Surroundings,
  options: HooksOptions & { readonly usesResources: boolean },
): HookServices {
  const { hooks, dialect, files, functions = [], settings, passEnv } = options
  const inline =
    hooks === undefined
      ? undefined
      : { value: hooks, source: { file: 'configuration', layer: 'config' as const }, dialect }
  const { allowedHosts, allowLoopback, allowPrivate } = options
  return {
    key,
    clock,
    logger,
    watcher,
    trust,
    plans: new HookPlans(functions, inline),
    settings: settings || files.length > 0 ? new SettingsFiles() : undefined,
    readsSettings: settings,
    usesResources: options.usesResources,
    files,
    passEnv,
    network: { allowedHosts, allowLoopback, allowPrivate },
    run: async (handler, payload, ctx) =>
      (await import('./handlers/run-handler.ts')).runHandler(handler, payload, ctx),
    transcriptOf: async () => '',
    forChildren: new Map(),
  }
}
