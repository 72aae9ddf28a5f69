/** Opens a store, which makes or migrates its file, writes one session and closes. Its argument: `{ path, sessionId }`. Lines: ["made"], ["closed"]. */
import { isHalterError } from '@halter/core'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { sampleSession } from '@halter/testkit/rules'
import { sayLine } from './say.ts'

const { path, sessionId } = JSON.parse(process.argv[2] ?? '{}') as { path: string; sessionId: string }
try {
  const store = await SqliteSessionStore.open({ path })
  await store.create(sampleSession({ sessionId }))
  sayLine(['made'])
  await store.close()
  sayLine(['closed'])
} catch (error) {
  sayLine(isHalterError(error) ? ['refused', error.code, error.message] : ['problem', String(error)])
}
