import { join } from 'node:path'
import process from 'node:process'
import sqliteStore from '@halter/plugin-sqlite-store'
import { fold, type StoredEvent } from '@halter/protocol'
import { expect, test } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import { inHome, runUntilKilled, type KillPlan, type Witness } from './crash-run.ts'
import { seededRandom } from './seeded-random.ts'

const RUNS = 50
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)

test(
  `${RUNS} kills lose no acknowledged event, hide no effect and repeat none (seed ${SEED})`,
  { timeout: 120_000 },
  async () => {
    const random = seededRandom(SEED)
    const plans = Array.from({ length: RUNS }, () => killPlan(random))
    // Two at a time: each run waits for its process most of the time.
    const half = plans.length / 2
    const runs = await Promise.all([crashInARow(plans.slice(0, half)), crashInARow(plans.slice(half))])
    expect(runs[0] + runs[1]).toBe(RUNS)
  },
)

/** Five crashes of one session after each other, then a new one. How many there were. */
async function crashInARow(plans: readonly KillPlan[]): Promise<number> {
  let runs = 0
  for (let from = 0; from < plans.length; from += 5)
    await inHome(async (home) => {
      let sessionId: string | undefined
      for (const plan of plans.slice(from, from + 5)) {
        const witness = await runUntilKilled(home, sessionId, plan)
        sessionId = witness.sessionId
        await inspect(witness, plan)
        runs += 1
      }
    })
  return runs
}

async function inspect(witness: Witness, plan: KillPlan): Promise<void> {
  const context = `seed ${SEED}, ${JSON.stringify(plan)}`
  const store = [sqliteStore, { path: join(witness.home, 'sessions.db') }] as const
  const runtime = await createRuntime({ plugins: [store], defaultModel: 'demo' })
  try {
    const log = await Array.fromAsync(runtime.replay(witness.sessionId))
    for (const [seq, type] of witness.acknowledged)
      expect(log[seq - 1]?.type, `${context}: seq ${seq}`).toBe(type)
    expectIntents(log, witness, context)
    const resumed = (await runtime.resume(witness.sessionId))!
    expect(resumed.status, context).toBe('idle')
    expect((await runtime.verify(witness.sessionId)).problems, context).toEqual([])
    const after = await Array.fromAsync(resumed.replay())
    expect(fold(after).transcript.length, context).toBe(resumed.state.transcript.length)
    expect(after.filter(({ type }) => type === 'turn.started').length, context).toBe(
      after.filter(({ type }) => type === 'turn.completed' || type === 'turn.failed').length,
    )
  } finally {
    await runtime.shutdown()
  }
}

/** An effect without a stored intent is one that nobody would ever know of; two of one call is one too many. */
function expectIntents(log: readonly StoredEvent[], { effects }: Witness, context: string): void {
  const intents = new Set(
    log.filter((event) => event.type === 'toolCall.started').map(({ callId }) => callId),
  )
  for (const callId of effects) expect(intents.has(callId), `${context}: effect of ${callId}`).toBe(true)
  expect(new Set(effects).size, context).toBe(effects.length)
}

function killPlan(random: () => number): KillPlan {
  const after = (['delta', 'effect', 'ack'] as const)[Math.floor(random() * 3)]!
  return { after, count: 1 + Math.floor(random() * 25), delayMs: random() < 0.5 ? 0 : random() * 8 }
}
