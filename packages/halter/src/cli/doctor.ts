import type { RuntimeDescription } from '@halter/core'
import { columns } from './columns.ts'
import type { OptionValues } from './command-spec.ts'
import type { DOCTOR } from './commands/plugins.ts'
import { examine, type DoctorReport, type Finding } from './doctor-report.ts'
import type { Output } from './output.ts'

/** `halter doctor`: exit code 1 when something is wrong. */
export async function doctor(
  options: OptionValues<(typeof DOCTOR)['options']>,
  _: readonly string[],
  output: Output,
): Promise<number> {
  const report = await examine(options, output)
  const errors = report.findings.filter(({ status }) => status === 'error').length
  if (options.json) output.json({ ok: errors === 0, ...report })
  else writeReport(report, output)
  return errors > 0 ? 1 : 0
}

function writeReport(report: DoctorReport, output: Output): void {
  const { width } = output
  const { halter, node, sqlite, platform } = report.versions
  output.data(`halter ${halter}, node ${node}, SQLite ${sqlite}, ${platform}\n`)
  output.data(`keeps its things in ${report.home}\n`)
  section('configuration', `read in ${formatMs(report.configMs)}; the later one over the earlier`, output)
  output.data(
    columns(
      report.layers.map(({ name, source }) => [name, source]),
      { width, indent: 2 },
    ),
  )
  if (report.runtime) writeRuntime(report.runtime, report.startMs ?? 0, output)
  if (report.commands.length > 0) {
    section('commands of plugins', '', output)
    output.data(
      columns(
        report.commands.map(({ name, summary }) => [`halter ${name}`, summary]),
        { width, indent: 2 },
      ),
    )
  }
  section('findings', '', output)
  for (const finding of report.findings) writeFinding(finding, output)
  const count = (status: Finding['status']): number =>
    report.findings.filter((each) => each.status === status).length
  output.talk(`\n${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}.`)
}

function writeRuntime(runtime: RuntimeDescription, startMs: number, output: Output): void {
  const { width } = output
  const { plugins, slots, collections, taps, notStarted, generation } = runtime
  section(
    'plugins',
    `generation ${generation}, in the order of their start, ${formatMs(startMs)} in all`,
    output,
  )
  const rows = plugins.map(({ name, setupMs, origin, lostSlots }) => [
    formatMs(setupMs).padStart(8),
    name,
    origin.replace(/^preset /, ''),
    lostSlots.length > 0 ? `lost ${lostSlots.join(', ')}` : '',
  ])
  const lost = notStarted.map(({ plugin, reason }) => ['', plugin, 'not started', reason])
  output.data(columns([...rows, ...lost], { width, indent: 2 }))

  section('slots', 'who fills them, and who wraps that', output)
  const filled = Object.entries(slots).map(([slot, { plugin, decorators }]) => [
    slot,
    [plugin, ...decorators.map((name) => `wrapped by ${name}`)].join(', '),
    plugins
      .filter(({ lostSlots }) => lostSlots.includes(slot))
      .map(({ name }) => `over ${name}`)
      .join(', '),
  ])
  output.data(columns(filled, { width, indent: 2 }))

  section('collections', 'who adds to them', output)
  const added = Object.entries(collections).map(([name, list]) => [name, list.join(', ') || 'nobody'])
  output.data(columns(added, { width, indent: 2 }))

  section('taps', 'in the order in which they run', output)
  const tapped = Object.entries(taps)
    .filter(([, list]) => list.length > 0)
    .toSorted(([a], [b]) => placeOf(a) - placeOf(b))
    .map(([hook, list]) => [
      hook,
      kindOf(hook),
      list.map(({ plugin, order }) => (order === 'plain' ? plugin : `${plugin} (${order})`)).join(', '),
    ])
  output.data(tapped.length > 0 ? columns(tapped, { width, indent: 2 }) : '  none\n')
}

const NOUNS = [
  'session',
  'turn',
  'prompt',
  'context',
  'compaction',
  'request',
  'response',
  'toolCall',
  'approval',
  'toolResult',
  'notification',
  'subagent',
]
const KINDS = ['transform', 'start', 'guard', 'end']

/** Where a hook stands in the life of a session; a plugin's own ones come last. */
function placeOf(hook: string): number {
  const [noun, kind] = [hook.slice(0, hook.lastIndexOf('.')), hook.slice(hook.lastIndexOf('.') + 1)]
  return (NOUNS.includes(noun) ? NOUNS.indexOf(noun) : NOUNS.length) * KINDS.length + KINDS.indexOf(kind)
}

/** The kind of a hook is the last word of its name. */
function kindOf(hook: string): string {
  const word = hook.slice(hook.lastIndexOf('.') + 1)
  return word === 'transform' ? 'may change' : word === 'guard' ? 'may stop' : 'looks'
}

const MARKS = { ok: '✓', warning: '!', error: '✗' } as const
const STYLES = { ok: 'green', warning: 'yellow', error: 'red' } as const

function writeFinding({ status, about, message, cure }: Finding, output: Output): void {
  output.data(`  ${MARKS[status]} ${about}: ${message.replaceAll('\n', '\n    ')}`, STYLES[status])
  output.data('\n')
  if (cure !== undefined) output.data(`    → ${cure}\n`)
}

function section(title: string, note: string, output: Output): void {
  output.data('\n')
  output.data(title, 'bold')
  output.data(note === '' ? '\n' : ` (${note})\n`)
}

function formatMs(ms: number): string {
  return `${ms.toFixed(1)} ms`
}

function plural(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
}
