import type { PluginEntry, Preset, RuntimeDescription } from '../contracts/runtime.ts'
import { HalterError } from '../errors.ts'
import type { Generation } from './generation.ts'

/** What is to run: plugins of the config, and presets that give way to them slot by slot. */
export interface PluginSources {
  readonly plugins?: readonly PluginEntry[]
  readonly presets?: readonly Preset[]
}

/** What the kernel needs from whoever runs it. */
export interface KernelOptions {
  /** Milliseconds. */
  readonly timeouts: { readonly setup: number; readonly tap: number; readonly cleanup: number }
  /** While true, a reload must not touch `sessionStore` and `keyValue`. */
  hasOpenSessions(): boolean
  /** Told of what went wrong where nobody waits: cleanups, late failures. Must not throw. */
  onWarning(warning: { readonly code: string; readonly message: string; readonly plugin?: string }): void
}

/** A generation that stays alive until it is released. */
export interface PinnedGeneration {
  readonly generation: Generation
  /** Calling it again does nothing. */
  release(): void
}

/** Who is plugged in, and when things happen. Knows no session and no turn. */
export class Kernel {
  static async start(_sources: PluginSources, _options: KernelOptions): Promise<Kernel> {
    throw new HalterError('ERR_RUNTIME_CLOSED', 'The kernel is not there yet.')
  }

  get current(): Generation {
    throw new HalterError('ERR_RUNTIME_CLOSED', 'The kernel is not there yet.')
  }

  /** Keeps the current generation alive. */
  pin(): PinnedGeneration {
    throw new HalterError('ERR_RUNTIME_CLOSED', 'The kernel is not there yet.')
  }

  /** Builds the next generation beside the running one and makes it current; when that fails, throws and changes nothing. */
  async reload(_sources: PluginSources): Promise<void> {
    throw new HalterError('ERR_RUNTIME_CLOSED', 'The kernel is not there yet.')
  }

  describe(): Omit<RuntimeDescription, 'openSessions' | 'runningTurns'> {
    throw new HalterError('ERR_RUNTIME_CLOSED', 'The kernel is not there yet.')
  }

  /** Stops every generation, last started first. What fails is a warning. */
  async dispose(): Promise<void> {
    throw new HalterError('ERR_RUNTIME_CLOSED', 'The kernel is not there yet.')
  }
}
