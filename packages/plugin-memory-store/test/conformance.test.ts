import { testSessionStore } from '@halter/testkit'
import { MemorySessionStore } from '@halter/plugin-memory-store'

testSessionStore('the memory store', {
  open: async () => ({ store: new MemorySessionStore(), close: async () => {} }),
})
