export { checkRules } from './rule.ts'
export type { Rule, RuleOutcome } from './rule.ts'
export { testRules } from './test-rules.ts'
export type { ContextManagerHarness } from './context-manager/harness.ts'
export { NEVER_ABORTED, PlayedSession, sizeOf, textOfPlan } from './context-manager/played-session.ts'
export type { PlayedCall, PlayOptions } from './context-manager/played-session.ts'
export { arbitraryMoves, playMoves } from './context-manager/random-play.ts'
export type { Move } from './context-manager/random-play.ts'
export { contextManagerRules } from './context-manager/rules.ts'
export { testContextManager } from './context-manager/test-context-manager.ts'
export type { ActedReply, OpenProvider, ProviderHarness, ProviderScene } from './provider/harness.ts'
export { sampleRequest } from './provider/harness.ts'
export { providerRules } from './provider/rules.ts'
export { testProvider } from './provider/test-provider.ts'
export type { OpenSink, SinkHarness } from './event-sink/harness.ts'
export { eventSinkRules } from './event-sink/rules.ts'
export { testEventSink } from './event-sink/test-event-sink.ts'
export type { PluginHarness } from './plugin-unload/harness.ts'
export { pluginRules } from './plugin-unload/rules.ts'
export { testPlugin } from './plugin-unload/test-plugin.ts'
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
export { testSessionStore } from './session-store/test-session-store.ts'
export { checkTranscript, MODEL_APIS } from './transcript-rules.ts'
export type { ModelApi, TranscriptProblem, TranscriptRule } from './transcript-rules.ts'
