import { hooksPlugin } from './plugin.ts'

export default hooksPlugin
export { defineHook } from './define-hook.ts'
export type { HookDefinition, HookOptions } from './define-hook.ts'
export { HookResponse } from './hook-response.ts'
export { sessionHooks } from './session-hooks.ts'
export type { HooksOptions } from './options.ts'
export type {
  HookHandlers,
  HookListing,
  HookTrial,
  ListedHandler,
  TrialAnswer,
  TrialOutcome,
} from './hook-handlers.ts'
export { HOOK_EVENTS, findHookEvent } from './hook-events.ts'
export type { HookEventFacts, HookEventName } from './hook-events.ts'
export type {
  AgentHandler,
  CommandHandler,
  Dialect,
  FunctionHandler,
  HandlerBase,
  HandlerContext,
  HandlerLayer,
  HandlerNetwork,
  HandlerResult,
  HandlerServices,
  HandlerSource,
  HandlerStatus,
  HandlerType,
  HookFunction,
  HookHandler,
  HookOutput,
  HookPayload,
  HookSpecificOutput,
  HttpHandler,
  OnFailure,
  PermissionDecision,
  PromptHandler,
  RunHandler,
} from './hook-handler.ts'
