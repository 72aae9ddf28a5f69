import type { Clock, Logger, SessionStore, Watcher } from '@halter/core'
import type { Json } from '@halter/protocol'
import { NamedFiles } from './hook-files.ts'
import { HookPlans } from './hook-plan.ts'
import type { RunHandler } from './hook-handler.ts'
import type { HookServices } from './hook-services.ts'
import type { HooksOptions } from './options.ts'
import { claudeCall, toolResponseIn } from './tool-dialect.ts'
import type { ToolSpeech } from './transcript/blocks.ts'
import type { Transcripts } from './transcript/transcripts.ts'

/** What of the surroundings is used. */
export interface Surroundings {
  readonly clock: Clock
  readonly logger: Logger
  readonly watcher?: Watcher | undefined
  /** What transcripts are read from. Absent: payloads name none. */
  readonly sessionStore?: SessionStore
}

/** What the sessions of one plugin, or of one set of in-process handlers, share. */
export function createServices(
  key: string,
  { clock, logger, watcher, sessionStore: store }: Surroundings,
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
    plans: new HookPlans(functions, inline),
    named: new NamedFiles(files),
    usesSettings: settings,
    usesResources: options.usesResources,
    passEnv,
    network: { allowedHosts, allowLoopback, allowPrivate },
    run: lazyRunner(),
    transcripts: store ? lazyTranscripts(store) : undefined,
    forChildren: new Map(),
  }
}

/** Loaded at the first run, and then at hand: an import of what is loaded still takes 25 µs. */
function lazyRunner(): RunHandler {
  let loading: Promise<{ readonly runHandler: RunHandler }> | undefined
  return async (handler, payload, ctx) => {
    const { runHandler } = await (loading ??= import('./handlers/run-handler.ts'))
    return runHandler(handler, payload, ctx)
  }
}

/** Tools as scripts that read transcripts know them. */
const CLAUDE_SPEECH: ToolSpeech = {
  call: claudeCall,
  result: ({ name, input }, text, cwd) => toolResponseIn('claude', { name, input: input as Json }, text, cwd),
}

/** Loaded and opened at the first payload: most sessions have no handlers. */
function lazyTranscripts(source: SessionStore): () => Promise<Transcripts> {
  let opened: Promise<Transcripts> | undefined
  return () =>
    (opened ??= import('./transcript/transcripts.ts').then(
      ({ Transcripts: Opened }) => new Opened({ source, speech: CLAUDE_SPEECH }),
    ))
}
