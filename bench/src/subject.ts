import {
  definePlugin,
  type PluginEntry,
  type Preset,
  type SessionHandle,
  type SessionRuntime,
} from '@halter/core'
import { createRuntime } from '@halter/core/host'
import memoryStore from '@halter/plugin-memory-store'
import presetDefault from '@halter/preset-default'
import { LookingTool } from './looking-tool.ts'
import { BenchModel } from './model.ts'
import { TemporaryFolder } from './temporary-folder.ts'
import { ONE_TAP, tapsPlugin, type TapSetup } from './taps.ts'

/** What is measured: a runtime with the default plugins, set up as its users set it up. */
export interface Subject extends AsyncDisposable {
  readonly runtime: SessionRuntime
  readonly model: BenchModel
  readonly look: LookingTool
  /** A new session that has the tool, in an empty folder. */
  open(): Promise<SessionHandle>
}

export interface SubjectOptions {
  readonly taps?: TapSetup
  /** Plugins that take slots from the default ones. Default: the memory store. */
  readonly plugins?: readonly PluginEntry[]
  readonly model?: BenchModel
  /** Default: the plugins that most people want. */
  readonly preset?: Preset
}

export async function openSubject(options: SubjectOptions = {}): Promise<Subject> {
  const {
    taps = ONE_TAP,
    plugins = [memoryStore],
    model = new BenchModel(),
    preset = presetDefault,
  } = options
  const folder = new TemporaryFolder()
  const look = new LookingTool()
  const provider = definePlugin({
    name: '@halter/bench/model',
    apiVersion: 1,
    contributes: ['providers'],
    setup: () => ({ providers: [model] }),
  })
  const runtime = await createRuntime({
    presets: [preset],
    plugins: [...plugins, provider, tapsPlugin(taps)],
    defaultModel: 'bench',
  })
  return {
    runtime,
    model,
    look,
    open: () => runtime.newSession({ tools: [look.tool], workingDir: folder.path }),
    [Symbol.asyncDispose]: async () => {
      await runtime.shutdown()
      folder[Symbol.dispose]()
    },
  }
}
