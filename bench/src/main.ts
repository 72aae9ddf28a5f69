import { parseArgs } from 'node:util'
import type { Figure } from './figure.ts'
import { formatTable } from './table.ts'
import { turns } from './rows/w1-turn.ts'
import { deltas } from './rows/w2-deltas.ts'
import { steps } from './rows/w3-steps.ts'
import { tools } from './rows/w4-tools.ts'
import { durableSteps } from './rows/w5-durable.ts'
import { resumed } from './rows/w6-resume.ts'
import { starts } from './rows/w7-start.ts'
import { idle } from './rows/w8-idle.ts'
import { deliveries } from './rows/w9-fan-out.ts'
import { taps } from './rows/w10-taps.ts'
import { context } from './rows/w11-context.ts'
import { forks } from './rows/w12-fork.ts'
import { hookHandlers } from './rows/w13-hooks.ts'

/** What `npm run bench` measures, row by row. */
const ROWS: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  w1: turns,
  w2: deltas,
  w3: steps,
  w4: tools,
  w5: durableSteps,
  w6: resumed,
  w7: starts,
  w8: idle,
  w9: deliveries,
  w10: taps,
  w11: context,
  w12: forks,
  w13: hookHandlers,
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } })
const chosen = positionals.length > 0 ? positionals.map((name) => name.toLowerCase()) : Object.keys(ROWS)
const unknown = chosen.filter((name) => !Object.hasOwn(ROWS, name))
if (unknown.length > 0) {
  console.error(`There is no row "${unknown.join('", "')}". The rows are: ${Object.keys(ROWS).join(', ')}.`)
  process.exit(2)
}

const figures: Figure[] = []
for (const name of chosen) {
  const start = performance.now()
  figures.push(...(await ROWS[name]!()))
  console.error(`${name} took ${((performance.now() - start) / 1000).toFixed(1)} s`)
}
console.log(values.json ? JSON.stringify(figures, undefined, 2) : formatTable(figures))
