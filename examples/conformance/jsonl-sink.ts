// An event sink: `written` reads back what a reader of the sink would find.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JsonlSink } from '@halter/plugin-sink-jsonl'
import type { StoredEvent } from '@halter/protocol'
import type { Conformance, OpenSink } from '@halter/testkit/rules'

const dir = mkdtempSync(join(tmpdir(), 'halter-conformance-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))

async function open(): Promise<OpenSink> {
  const sink = await JsonlSink.open({ dir, load: async () => undefined })
  return {
    sink,
    async written(sessionId) {
      const traces = readdirSync(dir).filter((name) => name.endsWith('.jsonl'))
      const lines = traces.flatMap((name) => readFileSync(join(dir, name), 'utf8').trimEnd().split('\n'))
      const events = lines.map((line) => JSON.parse(line) as StoredEvent)
      return events.filter((event) => event.sessionId === sessionId && event.seq > 0).map(({ seq }) => seq)
    },
    close: async () => sink.close(),
  }
}

export default { kind: 'eventSink', harness: { open, reopen: open } } satisfies Conformance
