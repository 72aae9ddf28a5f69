import type { EventSink } from '@halter/core'
import type { SessionId, StoredEvent } from '@halter/protocol'
import type { Rule } from '../rule.ts'

/** A sink under test, and how to let go of it. */
export interface OpenSink {
  readonly sink: EventSink
  /**
   * What a reader of the sink finds of a session: the `seq` of each event, in the order in which it finds them. Absent where
   * nobody can read back what was written; the rules about that are skipped.
   */
  written?(id: SessionId): Promise<readonly number[]>
  close(): Promise<void>
}

/** How the suite gets at an implementation. */
export interface SinkHarness {
  /**
   * Opens the sink. It may have been written to already, and each call may lead to the same place or to one of its own: the rules
   * use ids that nobody else has.
   */
  open(): Promise<OpenSink>
  /**
   * Opens what `open` opened last once more: the same place, a new instance, as another process would. The first may be open or
   * closed. Absent for a sink that keeps nothing.
   */
  reopen?(): Promise<OpenSink>
}

/** A sink that can be read back. */
export type ReadableSink = OpenSink & Required<Pick<OpenSink, 'written'>>

/** Never aborted. */
export const NEVER: AbortSignal = new AbortController().signal

/** A rule that every sink must keep. */
export function required(name: string, check: (open: OpenSink) => Promise<void>): Rule<SinkHarness> {
  return { name, run: ({ open }) => withSink(open, check) }
}

/** A rule about what is found in the place that was written to. */
export function forReadable(name: string, check: (open: ReadableSink) => Promise<void>): Rule<SinkHarness> {
  return { ...required(name, (open) => check(readable(open))), skip: unreadable }
}

/** A rule about two instances that write to the same place, as two processes do; `first` is closed when `check` says so. */
export function forTwoInstances(
  name: string,
  check: (first: ReadableSink, reopen: () => Promise<ReadableSink>) => Promise<void>,
): Rule<SinkHarness> {
  return {
    name,
    skip: async (harness) =>
      harness.reopen ? await unreadable(harness) : 'the sink keeps nothing that could be opened again',
    async run({ open, reopen }) {
      const opened: OpenSink[] = []
      const keep = async (opening: Promise<OpenSink>): Promise<ReadableSink> => {
        const sink = await opening
        opened.push(sink)
        return readable(sink)
      }
      try {
        await check(await keep(open()), () => keep(reopen!()))
      } finally {
        for (const sink of opened) await sink.close()
      }
    },
  }
}

/** Gives a sink what it wants of `events`, as the runtime does; resolves to the `seq` of those. */
export async function offer(
  sink: EventSink,
  events: readonly StoredEvent[],
  signal: AbortSignal = NEVER,
): Promise<readonly number[]> {
  const wanted = sink.accepts ? events.filter((event) => sink.accepts!(event)) : events
  if (wanted.length > 0) await sink.write(wanted, signal)
  return wanted.map(({ seq }) => seq)
}

async function withSink(
  open: () => Promise<OpenSink>,
  use: (open: OpenSink) => Promise<void>,
): Promise<void> {
  const opened = await open()
  try {
    await use(opened)
  } finally {
    await opened.close()
  }
}

async function unreadable({ open }: SinkHarness): Promise<string | undefined> {
  const opened = await open()
  await opened.close()
  return opened.written ? undefined : 'nobody can read back what the sink has written'
}

function readable(open: OpenSink): ReadableSink {
  const { written } = open
  if (!written) throw new Error('This harness has no written; ask skip() before run().')
  return { sink: open.sink, written: (id) => open.written!(id), close: () => open.close() }
}
