import type { RuntimeOptions, RuntimeTimeouts, SessionRuntime } from '../contracts/runtime.ts'
import { Kernel } from '../kernel/kernel.ts'
import { toErrorWire } from '../errors.ts'
import { createProcessGuards } from '../kernel/process-guards.ts'
import { Runtime, type RuntimeParts } from './runtime.ts'

const TIMEOUTS: Required<RuntimeTimeouts> = Object.freeze({
  setup: 10_000,
  tap: 30_000,
  cleanup: 5_000,
  tool: 120_000,
  modelSilence: 300_000,
  interruptGrace: 1_000,
})

/**
 * Starts the plugins and returns a runtime over them. Presets give way, slot by slot, to `plugins`.
 * @throws HalterError with every problem of the list at once, before any plugin ran; or with what a plugin's `setup` failed with,
 * after everything that had started was stopped.
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<SessionRuntime> {
  const timeouts = { ...TIMEOUTS, ...options.timeouts }
  const started: { runtime?: Runtime } = {}
  const warn: RuntimeParts['warn'] = (warning) => {
    const logger = started.runtime?.kernel.current.get('logger')
    const { message, ...fields } = warning
    if (logger) logger.warn(message, fields)
    else process.stderr.write(`${message}\n`)
  }
  const kernel = await Kernel.start(
    { plugins: options.plugins ?? [], presets: options.presets ?? [] },
    { timeouts, hasOpenSessions: () => (started.runtime?.openSessions ?? 0) > 0, onWarning: warn },
  )
  const removeGuards = options.processGuards
    ? createProcessGuards(({ error, plugin }) => warn({ ...toErrorWire(error), plugin }))
    : undefined
  const runtime = new Runtime({ kernel, options, timeouts, warn, onClose: () => removeGuards?.() })
  started.runtime = runtime
  try {
    await runtime.sinks.follow()
  } catch (error) {
    await runtime.shutdown()
    throw error
  }
  return runtime
}
