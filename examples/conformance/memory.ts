// The smallest conformance file: node_modules/.bin/halter conformance examples/conformance/memory.ts
import { MemorySessionStore } from '@halter/plugin-memory-store'
import type { Conformance } from '@halter/testkit/rules'

export default {
  kind: 'sessionStore',
  harness: {
    open: async () => ({ store: new MemorySessionStore(), close: async () => {} }),
    // It keeps nothing, so there is no `reopen`: rules about what survives are skipped, by name.
  },
} satisfies Conformance
