export { checkRules } from './rule.ts'
export type { Rule, RuleOutcome } from './rule.ts'
export { testRules } from './test-rules.ts'
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
