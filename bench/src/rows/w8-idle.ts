import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { figure, type Figure } from '../figure.ts'
import { inTurn } from '../rounds.ts'

const WEIGH = fileURLToPath(new URL('../weigh-sessions.ts', import.meta.url))

/** W8: heap of one idle session of 10 messages that somebody holds, in a process of its own. */
export async function idle(): Promise<readonly Figure[]> {
  const kilobytes = await inTurn(3, { bare: () => weigh('bare'), ours: () => weigh('ours') })
  return [
    figure({
      row: 'W8',
      work: 'an idle session of 10 messages',
      unit: 'KB heap',
      ours: kilobytes.ours,
      floor: kilobytes.bare,
      floorIs: 'the messages alone',
      goal: { of: 'ratio', atMost: 2 },
    }),
  ]
}

async function weigh(what: 'bare' | 'ours'): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', WEIGH, what])
  return Number(stdout)
}
