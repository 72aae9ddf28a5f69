import { HalterError } from '../errors.ts'
import type { SetupContext } from '../define-plugin.ts'
import { runAs } from './attribution.ts'
import { checkSetupResult, type SetupResult } from './check-setup-result.ts'
import type { Settled } from './deadline.ts'
import { DisposeStack, type DisposeHost } from './dispose-stack.ts'
import { LateLogger } from './late-logger.ts'
import type { PlannedPlugin } from './plan.ts'
import { PluginServices, type ServiceRoot } from './plugin-services.ts'
import { sentence } from './sentence.ts'
import { TapRecorder, type TapRecord } from './taps.ts'

/** A plugin whose `setup` has run. */
export interface StartedPlugin {
  readonly planned: PlannedPlugin
  readonly result: SetupResult
  readonly taps: readonly TapRecord[]
  readonly services: PluginServices
  readonly logger: LateLogger
  /** What it deferred. */
  readonly stack: DisposeStack
  readonly setupMs: number
  /** How many generations it is part of; it is stopped with the last. */
  users: number
}

/** What starting a plugin takes. */
export interface StartHost extends DisposeHost {
  readonly setupTimeoutMs: number
  readonly tapTimeoutMs: number
}

/** One start of several plugins: what they share. */
export interface Start {
  readonly root: ServiceRoot
  /** Aborted when the start fails. */
  readonly signal: AbortSignal
  /** Binds the logger of a plugin, at once or as soon as there is one to bind to. */
  bindLogger(plugin: string, logger: LateLogger): void
}

/**
 * Runs `setup` once and checks what it returned. When that goes wrong, what the plugin had deferred is undone before this throws.
 * @throws HalterError `ERR_PLUGIN_SETUP`.
 */
export async function startPlugin(
  planned: PlannedPlugin,
  start: Start,
  host: StartHost,
): Promise<StartedPlugin> {
  const { plugin, config, lostSlots } = planned
  const services = new PluginServices([...new Set([...plugin.requires, ...plugin.optional])], start.root)
  const recorder = new TapRecorder(plugin.name, services, host.tapTimeoutMs)
  const stack = new DisposeStack({ plugin: plugin.name }, host)
  const logger = new LateLogger()
  start.bindLogger(plugin.name, logger)
  const ctx = Object.freeze({
    config,
    services: services.view,
    hooks: recorder.taps,
    defer: stack.defer,
    logger,
    lostSlots,
    signal: start.signal,
  }) as unknown as SetupContext<unknown, never, never>
  const startedAt = performance.now()
  const settled = await runSetup(planned, ctx, host)
  const setupMs = performance.now() - startedAt
  recorder.seal()
  services.seal()
  const error = problemOf(planned, settled, host.setupTimeoutMs)
  if (error) {
    await stack.dispose()
    throw error
  }
  const result = ((settled as { value?: unknown }).value ?? {}) as SetupResult
  return { planned, result, taps: recorder.records, services, logger, stack, setupMs, users: 0 }
}

async function runSetup(
  { plugin }: PlannedPlugin,
  ctx: SetupContext<unknown, never, never>,
  host: StartHost,
): Promise<Settled<unknown>> {
  try {
    const running = runAs({ plugin: plugin.name }, () => plugin.setup(ctx))
    return await host.deadlines.settle(running, host.setupTimeoutMs)
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}

function problemOf(
  planned: PlannedPlugin,
  settled: Settled<unknown>,
  setupTimeoutMs: number,
): HalterError | undefined {
  const { name } = planned.plugin
  if (settled.status === 'expired')
    return setupError(
      name,
      `The setup of ${name} did not end within ${setupTimeoutMs} ms. What it waits for may be down; or allow it more time (timeouts.setup).`,
    )
  if (settled.status === 'rejected')
    return setupError(
      name,
      `The setup of ${name} failed: ${sentence(settled.reason)} Repair its options or what it needs, or take it out.`,
      settled.reason,
    )
  const problems = checkSetupResult(planned, settled.value)
  if (problems.length === 0) return undefined
  return setupError(
    name,
    `The setup of ${name} does not keep its manifest: ${problems.join('; ')}. Repair ${name}.`,
  )
}

/** The error of a plugin that could not be started. */
export function setupError(plugin: string, message: string, cause?: unknown): HalterError {
  return new HalterError('ERR_PLUGIN_SETUP', message, { plugin, cause })
}
