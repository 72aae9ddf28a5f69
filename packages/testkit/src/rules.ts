export { checkRules } from './rule.ts'
export type { Rule, RuleOutcome } from './rule.ts'
export { suites } from './conformance.ts'
export type { Conformance } from './conformance.ts'
export type { ContextManagerHarness } from './context-manager/harness.ts'
export { NEVER_ABORTED, PlayedSession, sizeOf, textOfPlan } from './context-manager/played-session.ts'
export type { PlayedCall, PlayOptions } from './context-manager/played-session.ts'
export { arbitraryMoves, playMoves } from './context-manager/random-play.ts'
export type { Move } from './context-manager/random-play.ts'
export { contextManagerRules } from './context-manager/rules.ts'
export type { AssemblerHarness } from './prompt-assembler/harness.ts'
export { expectStablePrefix } from './prompt-assembler/expect-stable-prefix.ts'
export type { StablePrefixOptions } from './prompt-assembler/expect-stable-prefix.ts'
export { promptAssemblerRules } from './prompt-assembler/rules.ts'
export type { ActedReply, OpenProvider, ProviderHarness, ProviderScene } from './provider/harness.ts'
export { sampleRequest } from './provider/harness.ts'
export { providerRules } from './provider/rules.ts'
export type { OpenSink, SinkHarness } from './event-sink/harness.ts'
export { eventSinkRules } from './event-sink/rules.ts'
export type { PluginHarness } from './plugin-unload/harness.ts'
export { pluginRules } from './plugin-unload/rules.ts'
export type { OpenStore, StoreHarness } from './session-store/harness.ts'
export { sessionStoreModel } from './session-store/model.ts'
export type { ModelOptions } from './session-store/model.ts'
export { sessionStoreRules } from './session-store/rules.ts'
export {
  SAMPLE_TIME,
  sampleBatch,
  sampleEvents,
  sampleFork,
  sampleId,
  sampleSession,
  sampleSummary,
} from './session-store/samples.ts'
export type { SampleOptions } from './session-store/samples.ts'
export type { ToolHarness } from './tool/harness.ts'
export { toolRules } from './tool/rules.ts'
