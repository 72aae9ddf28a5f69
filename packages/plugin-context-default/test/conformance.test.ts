import { testContextManager } from '@halter/testkit'
import { DefaultContextManager } from '../src/context-manager.ts'
import { contextReducer, PLUGIN } from '../src/context-state.ts'

testContextManager('the default context manager', {
  create: () => new DefaultContextManager(),
  reducers: new Map([[PLUGIN, contextReducer]]),
})
testContextManager('the default context manager, under another plugin, whose notes nobody folds,', {
  create: () => new DefaultContextManager({ strategy: 'summary' }),
})
