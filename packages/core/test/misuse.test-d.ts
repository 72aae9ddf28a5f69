import {
  definePlugin,
  defineTool,
  jsonSchema,
  perSession,
  type ContextManager,
  type Plugin,
} from '@halter/core'

// Mistakes that must not compile. Nothing here runs: the compiler is the test, and a mistake that it stops seeing fails it.

const manager = {} as ContextManager

export const slotThatDoesNotExist = definePlugin({
  name: 'a',
  apiVersion: 1,
  // @ts-expect-error there is no slot of this name
  provides: ['sesionStore'],
  setup: () => ({}) as never,
})

export const collectionThatDoesNotExist = definePlugin({
  name: 'a',
  apiVersion: 1,
  // @ts-expect-error there is no collection of this name
  contributes: ['tool'],
  setup: () => ({}) as never,
})

export const collectionAsSlot = definePlugin({
  name: 'a',
  apiVersion: 1,
  // @ts-expect-error tools is a collection
  provides: ['tools'],
  setup: () => ({}) as never,
})

export const anotherApiVersion = definePlugin({
  name: 'a',
  // @ts-expect-error this core speaks version 1
  apiVersion: 2,
  setup: () => ({}),
})

export const withoutName = definePlugin(
  // @ts-expect-error a plugin has a name
  { apiVersion: 1, setup: () => ({}) },
)

export const declaredAndNotReturned = definePlugin({
  name: 'a',
  apiVersion: 1,
  provides: ['contextManager'],
  // @ts-expect-error the slot is not in what setup returns
  setup: () => ({}),
})

export const decoratorNotReturned = definePlugin({
  name: 'a',
  apiVersion: 1,
  decorates: ['contextManager'],
  // @ts-expect-error a decorator is a function
  setup: () => ({ contextManager: manager }),
})

export const wrongService = definePlugin({
  name: 'a',
  apiVersion: 1,
  provides: ['contextManager'],
  // @ts-expect-error this is no context manager
  setup: () => ({ contextManager: { plan: () => 'x' } }),
})

export const wrongPerSessionService = definePlugin({
  name: 'a',
  apiVersion: 1,
  provides: ['contextManager'],
  // @ts-expect-error the factory makes no context manager
  setup: () => ({ contextManager: perSession(() => ({ plan: 1 })) }),
})

export const oneToolInsteadOfAList = definePlugin({
  name: 'a',
  apiVersion: 1,
  contributes: ['tools'],
  // @ts-expect-error a collection takes a list
  setup: () => ({ tools: {} as ReturnType<typeof defineTool> }),
})

export const readsWhatIsNotThere = definePlugin({
  name: 'a',
  apiVersion: 1,
  config: jsonSchema<{ path: string }>({ type: 'object' }),
  requires: ['clock'],
  optional: ['approvals'],
  setup: ({ config, services, hooks, defer }) => {
    // @ts-expect-error not an option of this plugin
    void config.pth
    // @ts-expect-error not required
    void services.models
    // @ts-expect-error optional: it may be undefined
    void services.approvals.ask
    // @ts-expect-error services are read-only
    services.clock = {} as typeof services.clock
    // @ts-expect-error a promise has already run; a cleanup is a function
    defer(Promise.resolve())
    // @ts-expect-error there is no such hook
    hooks.tap('toolCall.before', () => {})
    // @ts-expect-error a guard answers no boolean
    hooks.tap('toolCall.guard', () => true)
    // @ts-expect-error only toolCall.guard can allow
    hooks.tap('prompt.guard', () => ({ allow: true }))
    // @ts-expect-error a transform returns a whole value, not a part of one
    hooks.tap('toolCall.transform', () => ({ name: 'x' }))
    // @ts-expect-error a transform returns what it was given, changed: no text
    hooks.tap('prompt.transform', () => 'text')
    // @ts-expect-error the input is read-only
    hooks.tap('toolCall.transform', (call) => void (call.name = 'x'))
    // @ts-expect-error not required, so not in the context either
    hooks.tap('turn.start', (_, ctx) => void ctx.services.models)
    // @ts-expect-error before and stage are tapable's; here it is pre or post
    hooks.tap('turn.start', () => {}, { order: 'first' })
    return {}
  },
})

// @ts-expect-error only definePlugin makes a plugin
export const byHand: Plugin = { name: 'a', apiVersion: 1, setup: () => ({}) }

export const toolWithoutEffects = defineTool(
  // @ts-expect-error a tool says what running it twice does
  { name: 'x', description: '', input: jsonSchema({}), concurrency: 'parallel', execute: () => '' },
)
