import { contextManagerRules } from './context-manager/rules.ts'
import { eventSinkRules } from './event-sink/rules.ts'
import { pluginRules } from './plugin-unload/rules.ts'
import { promptAssemblerRules } from './prompt-assembler/rules.ts'
import { providerRules } from './provider/rules.ts'
import type { Rule } from './rule.ts'
import { sessionStoreRules } from './session-store/rules.ts'
import { toolRules } from './tool/rules.ts'

/** Every suite, by what it is about: what `halter conformance` can run. */
export const suites = Object.freeze({
  sessionStore: sessionStoreRules,
  eventSink: eventSinkRules,
  contextManager: contextManagerRules,
  promptAssembler: promptAssemblerRules,
  provider: providerRules,
  tool: toolRules,
  plugin: pluginRules,
})

type Suites = typeof suites
type HarnessOf<Rules> = Rules extends readonly Rule<infer Harness>[] ? Harness : never

/** What a conformance file exports by default, once or in an array: what is tested, and how the suite gets at it. */
export type Conformance = {
  readonly [K in keyof Suites]: {
    readonly kind: K
    /** Stands for it in the report; default: the kind. */
    readonly name?: string
    readonly harness: HarnessOf<Suites[K]>
  }
}[keyof Suites]
