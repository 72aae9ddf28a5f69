// Sessions over HTTP: create, submit, follow by cursor, approve, interrupt. Several processes may serve one store.
//   node examples/http-service/server.ts --store sessions.db --port 8080
// It listens on this machine only and wants a token: that of HALTER_SERVICE_TOKEN, or the one that it prints.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { createRuntime } from 'halter'
import sqliteStore from '@halter/plugin-sqlite-store'
import { refusal } from './admission.ts'
import { answerError, sendJson } from './answers.ts'
import { handle } from './routes.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sessions.db' },
    port: { type: 'string', default: '0' },
    model: { type: 'string', default: 'demo' },
  },
})
const token = process.env['HALTER_SERVICE_TOKEN'] ?? randomBytes(32).toString('hex')
const runtime = await createRuntime({
  plugins: [[sqliteStore, { path: values.store }]],
  defaultModel: values.model,
  approve: 'wait', // whoever follows the events sees the question, and answers it
  processGuards: true,
})
const leaving = new AbortController()

const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
  const no = refusal(request, token)
  if (no) return sendJson(response, no.status, { error: no })
  handle({ runtime, request, response, leaving: leaving.signal }).catch((error: unknown) =>
    answerError(response, error),
  )
})
server.listen(Number(values.port), '127.0.0.1')
await once(server, 'listening')
console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token }))

for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, async () => {
    // Nobody new comes in; who follows is told to come again elsewhere; turns that run may end.
    server.close()
    leaving.abort()
    const report = await runtime.shutdown({ drainMs: 10_000 })
    server.closeAllConnections()
    console.log(JSON.stringify({ event: 'stopped', ...report }))
  })
