// Prints the events that a webhook sink posts: `node examples/webhook-sink/receiver.ts [port]`.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { StoredEvent } from '@halter/protocol'

const port = Number(process.argv[2] ?? 8787)
const server = createServer(async (request, response) => {
  const { events } = (await json(request)) as { readonly events: readonly StoredEvent[] }
  for (const { sessionId, seq, type } of events) console.log(`${sessionId} ${seq} ${type}`)
  response.end()
})
server.listen(port, '127.0.0.1', () => console.log(`listening on ${JSON.stringify(server.address())}`))
