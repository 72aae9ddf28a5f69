import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import plugin, { JsonlSink } from '@halter/plugin-sink-jsonl'
import { testEventSink, testPlugin, type OpenSink } from '@halter/testkit'
import { afterAll } from 'vitest'
import { eventsOf, loadNothing } from './traces.ts'

const folder = mkdtempSync(join(tmpdir(), 'halter-traces-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let folders = 0
let dir = ''

async function open(): Promise<OpenSink> {
  const sink = await JsonlSink.open({ dir, load: loadNothing })
  const here = dir
  return {
    sink,
    async written(id) {
      const traces = readdirSync(here).filter((name) => name.endsWith('.jsonl'))
      return traces.flatMap((name) => eventsOf(join(here, name), id)).map(({ seq }) => seq)
    },
    close: async () => sink.close(),
  }
}

testEventSink('the trace sink', {
  open: () => {
    dir = join(folder, String((folders += 1)))
    return open()
  },
  reopen: open,
})

testPlugin('the trace sink', { entry: () => [plugin, { dir: join(folder, 'plugin') }] })
