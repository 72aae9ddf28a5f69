import { mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FaultControl, type Fault, type PowerLoss } from '../faults/fault-control.ts'
import type { Injection } from '../faults/find-injection.ts'
import type { Life } from './life.ts'
import { runWorker, type WorkerEnd } from './run-worker.ts'
import { parseStatement, type Statement } from './statement.ts'
import { StoreModel } from './store-model.ts'

/** How a process dies from outside: after so many statements of a kind, and a moment later. */
export interface Moment {
  readonly after: Statement[0]
  readonly count: number
  readonly delayMs: number
}

/** What happens to a process. */
export interface Plan {
  readonly faults: readonly Fault[]
  readonly powerLoss?: PowerLoss
  readonly moment?: Moment
  readonly life: Pick<Life, 'durability' | 'interrupted' | 'seed' | 'steps'>
}

/** What came of it. */
export interface Outcome extends WorkerEnd {
  /** Which of the faults, or the moment, came before the process had ended. */
  readonly fired: readonly boolean[]
  readonly syncs: number
  readonly reused: number
}

/** An effect that a tool has had. */
export interface Effect {
  readonly sessionId: string
  readonly callId: string
  readonly kind: string
}

/** A store that one process after the other writes to and dies, and what is known of it. */
export class Home implements AsyncDisposable {
  readonly model = new StoreModel()
  readonly folder: string
  /** Lives that went on with interrupted turns: an idempotent tool may have run once more in each. */
  continued = 0
  readonly #injection: Injection

  private constructor(folder: string, injection: Injection) {
    this.folder = folder
    this.#injection = injection
  }

  /** In a folder of its own in `scratch`. */
  static async create(scratch: string, injection: Injection): Promise<Home> {
    const home = new Home(await mkdtemp(join(scratch, 'home-')), injection)
    mkdirSync(join(home.folder, 'store'))
    return home
  }

  /** The file of the sessions. */
  get store(): string {
    return join(this.folder, 'store', 'sessions.db')
  }

  /** Calls whose effect came more than once. */
  repeated(): number {
    const counts = Map.groupBy(this.effects(), ({ callId }) => callId)
    return counts.values().reduce((sum, { length }) => sum + (length > 1 ? 1 : 0), 0)
  }

  /** What tools have done outside, by their own word. */
  effects(): readonly Effect[] {
    return readLines(this.#effectsFile).map((line) => {
      const [sessionId = '', callId = '', kind = ''] = line.split(' ')
      return { sessionId, callId, kind }
    })
  }

  /** Runs one process until it dies of its plan, or ends. */
  async live(plan: Plan): Promise<Outcome> {
    const control = FaultControl.create(join(this.folder, 'page'))
    if (plan.powerLoss) control.expectPowerLoss(plan.powerLoss)
    for (const [index, fault] of plan.faults.entries()) control.arm(index as 0 | 1, fault)
    if (plan.life.interrupted === 'continue') this.continued += 1
    let seen = 0
    let wasMoment = false
    const take = (line: string, kill: () => void): void => {
      const statement = parseStatement(line)
      if (!statement) return
      this.model.take(statement)
      if (statement[0] !== plan.moment?.after || ++seen !== plan.moment.count) return
      wasMoment = true
      setTimeout(kill, plan.moment.delayMs)
    }
    const resume = this.model.ids.slice(0, 2)
    const task: Life = { store: this.store, effects: this.#effectsFile, resume, ...plan.life }
    const under = { injection: this.#injection, control, folder: join(this.folder, 'store') }
    const end = await runWorker('session-life.ts', { task, under, onLine: take })
    const fired = plan.faults.map((_, index) => control.state(index as 0 | 1).fired > 0)
    const { syncs, reused } = control.totals()
    control.close()
    return { ...end, fired: plan.moment ? [wasMoment] : fired, syncs, reused }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  get #effectsFile(): string {
    return join(this.folder, 'effects.txt')
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
