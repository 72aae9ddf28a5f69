import { definePlugin, type Plugin } from '@halter/core'

/** A context manager that compacts when the hooks let it, and says so. */
export function compactingPlugin(onCompaction: () => void): Plugin {
  return definePlugin({
    name: 'test/compacting',
    apiVersion: 1,
    provides: ['contextManager'],
    setup: () => ({
      contextManager: {
        plan: ({ state, estimatedTokens }) => ({
          messages: state.transcript,
          segments: state.injected,
          estimatedTokens,
        }),
        async compactNow(_, { beforeCompaction }) {
          if (!(await beforeCompaction('manual'))) return undefined
          onCompaction()
          return {
            outcome: {
              trigger: 'manual',
              droppedSeqs: [],
              summary: 's',
              tokensBefore: 2,
              tokensAfter: 1,
            },
          }
        },
      },
    }),
  })
}
