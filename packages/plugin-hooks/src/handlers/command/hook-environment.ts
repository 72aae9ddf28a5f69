import { passedEnvironment } from '@halter/child-processes'
import type { CommandHandler, HandlerContext, HookPayload } from '../../hook-handler.ts'
import { fillPlaceholders, type PlaceholderPaths } from './placeholders.ts'

/** Names the processes of a run, so that they are found wherever they hide. */
export const MARK_VARIABLE = 'HALTER_HOOK_MARK'
/** Version of what handlers are told. */
const HOOK_VERSION = '1'

/** What the environment of one run is made from. */
export interface HookEnvironment {
  readonly handler: CommandHandler
  readonly payload: HookPayload
  readonly ctx: Pick<HandlerContext, 'env' | 'passEnv' | 'projectDir' | 'turnId'>
  readonly paths: PlaceholderPaths
  readonly mark: string
}

/**
 * The environment of a command: a few variables that every program needs, those that the settings pass on, those of the hook
 * protocol, and the handler's own, which win. Nothing else of this process gets in, no API key above all.
 */
export function hookEnvironment(run: HookEnvironment): Record<string, string> {
  const { handler, ctx, paths, mark } = run
  const own = Object.entries(handler.env).map(([name, value]) => [
    name,
    fillPlaceholders(value, paths, 'word'),
  ])
  return {
    ...passedEnvironment(ctx.env),
    // A bash whose stdin is a socket, as Node's pipes are, takes itself for a remote login and reads ~/.bashrc, unless it is nested.
    SHLVL: Number(ctx.env['SHLVL']) >= 1 ? ctx.env['SHLVL']! : '1',
    ...declared(ctx),
    ...protocolVariables(run),
    ...(Object.fromEntries(own) as Record<string, string>),
    [MARK_VARIABLE]: mark,
  }
}

/** Values of the environment that no error may show: those that were passed on by name, and look like secrets by it. */
export function secretsOf({ ctx, handler }: Pick<HookEnvironment, 'ctx' | 'handler'>): readonly string[] {
  const named = Object.entries({ ...declared(ctx), ...handler.env })
  return named.flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : []))
}

const SECRET_NAME = /key|token|secret|passw|credential|auth/i

function declared({ env, passEnv }: Pick<HandlerContext, 'env' | 'passEnv'>): Record<string, string> {
  const passed = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && passEnv.some((name) => covers(name, entry[0])),
  )
  return Object.fromEntries(passed)
}

function covers(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

function protocolVariables({ handler, payload, ctx, paths }: HookEnvironment): Record<string, string> {
  const { plugin, file } = handler.source
  const { pluginRoot, pluginData, projectDir } = paths
  return {
    ...(pluginRoot !== undefined && { PLUGIN_ROOT: pluginRoot, CLAUDE_PLUGIN_ROOT: pluginRoot }),
    ...(pluginData !== undefined && { PLUGIN_DATA: pluginData, CLAUDE_PLUGIN_DATA: pluginData }),
    ...(plugin && { PLUGIN_ID: plugin.id }),
    HOOK_EVENT: payload.hook_event_name,
    HOOK_VERSION,
    HOOK_SOURCE_PATH: file,
    SESSION_ID: payload.session_id,
    ...(ctx.turnId !== undefined && { TURN_ID: ctx.turnId }),
    PROJECT_DIR: projectDir,
    CLAUDE_PROJECT_DIR: projectDir,
    HALTER_PROJECT_DIR: projectDir,
  }
}
