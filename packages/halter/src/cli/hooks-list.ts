import { definePlugin, EMPTY_RESOURCES, type ResourceSource, type SessionRuntime } from '@halter/core'
import type { HookHandlers, HookListing, ListedHandler } from '@halter/plugin-hooks'
import type { HookRun, SessionSummary } from '@halter/protocol'
import { columns } from './columns.ts'
import type { OptionValues } from './command-spec.ts'
import type { HOOKS_LIST } from './commands/hooks.ts'
import { openRuntime } from './open-runtime.ts'
import type { Output } from './output.ts'
import { localTime } from './sessions-list.ts'

/** How a handler last ran, in the newest session of the folder. */
interface LastRun {
  readonly at: number
  readonly status: HookRun['status']
}

/** `halter hooks list`: stdout gets the list, stderr the warnings; with `--json` all of it is on stdout. */
export async function listHooks(
  options: OptionValues<(typeof HOOKS_LIST)['options']>,
  _: readonly string[],
  output: Output,
): Promise<number> {
  let handlers: HookHandlers | undefined
  let resources: ResourceSource | undefined
  const probe = definePlugin({
    name: 'halter/cli/hooks',
    apiVersion: 1,
    optional: ['hookHandlers', 'resources'],
    setup: ({ services }) => {
      handlers = services.hookHandlers
      resources = services.resources
      return {}
    },
  })
  const { runtime, cwd } = await openRuntime({ ...options, plugins: [probe] }, output)
  try {
    if (!handlers) {
      output.complain(
        'no plugin runs hook files here. @halter/plugin-hooks does, and the default preset has it.',
      )
      return 1
    }
    const blueprint = { sessionId: '', depth: 0, model: '', workingDir: cwd, limits: {}, metadata: {} }
    const listing = await handlers.list({
      blueprint,
      resources: async () => (await resources?.snapshot(blueprint, output.readerGone)) ?? EMPTY_RESOURCES,
    })
    const newest = await runtime.latestSession(cwd)
    show(options, listing, { newest, runs: await lastRuns(runtime, newest) }, output)
    return 0
  } finally {
    await runtime.shutdown()
  }
}

/** What the newest session has to tell. */
interface Known {
  readonly newest: SessionSummary | undefined
  readonly runs: ReadonlyMap<string, LastRun>
}

async function lastRuns(
  runtime: SessionRuntime,
  newest: SessionSummary | undefined,
): Promise<ReadonlyMap<string, LastRun>> {
  const runs = new Map<string, LastRun>()
  if (!newest) return runs
  for await (const event of runtime.replay(newest.sessionId))
    if (event.type === 'hook.ran') runs.set(keyOf(event.run), { at: event.at, status: event.run.status })
  return runs
}

function keyOf({ event, handler, source }: Pick<HookRun, 'event' | 'handler' | 'source'>): string {
  return JSON.stringify([event, handler, source])
}

function show(
  { event, json }: OptionValues<(typeof HOOKS_LIST)['options']>,
  { handlers, warnings }: HookListing,
  { newest, runs }: Known,
  output: Output,
): void {
  const wanted = event?.replace(/[_\-\s]/g, '').toLowerCase()
  const shown = handlers
    .map((handler, index) => ({ order: index + 1, ...handler, lastRun: runs.get(keyOf(handler)) }))
    .filter((handler) => wanted === undefined || handler.event.toLowerCase() === wanted)
  if (json) {
    for (const { type: kind, ...handler } of shown) output.json({ type: 'handler', kind, ...handler })
    for (const message of warnings) output.json({ type: 'warning', message })
    return
  }
  if (shown.length === 0) output.talk('There are no hooks here. How to write some: docs/hook-files.md')
  else output.data(handlerTable(shown, output.width))
  for (const warning of warnings) output.complain(warning)
  if (shown.length > 0)
    output.talk(
      newest ? `last run: in session ${newest.sessionId}` : 'last run: no session of this folder is stored',
      'dim',
    )
}

/** A row per handler; the file comes last, since its end tells more than there may be room for. */
export function handlerTable(
  handlers: readonly (ListedHandler & { readonly order: number; readonly lastRun: LastRun | undefined })[],
  width: number | undefined,
): string {
  const rows = handlers.map(
    ({ order, event, matcher, if: condition, type, handler, lastRun, isDispatched, source }) => [
      String(order),
      event,
      [matcher ?? '*', condition === undefined ? '' : `if ${condition}`].join(' ').trim(),
      type,
      isDispatched ? lastRunText(lastRun) : 'never: nothing here is a moment for it',
      shorten(handler),
      source,
    ],
  )
  return columns([['#', 'EVENT', 'MATCHER', 'TYPE', 'LAST RUN', 'HANDLER', 'FILE'], ...rows], { width })
}

function lastRunText(run: LastRun | undefined): string {
  return run ? `${localTime(run.at)} ${run.status}` : 'not yet'
}

function shorten(text: string): string {
  return text.length > 50 ? `${text.slice(0, 49)}…` : text
}
