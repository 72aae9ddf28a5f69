import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** What happens to a file call: the process dies before it, in the middle of a write, with all that is not synced; or it fails. */
export const FAULTS = {
  none: 0,
  kill: 1,
  tear: 2,
  'power loss': 3,
  EIO: 4,
  ENOSPC: 5,
} as const

/** Kinds of file calls. */
export const CALLS = { write: 1, sync: 2, truncate: 4, remove: 8 } as const

/** Which call fails, and how. */
export interface Fault {
  readonly kind: keyof typeof FAULTS
  /** Which calls count. Default: all. */
  readonly calls?: readonly (keyof typeof CALLS)[]
  /** The first, second, … of them. */
  readonly at: number
  /** Every later one fails as well, until the fault is taken away. */
  readonly stays?: boolean
}

/** How a process loses power, and what it remembers for that. */
export interface PowerLoss {
  /** Some of what was not synced survives, by chance; otherwise none does. */
  readonly scatters: boolean
  readonly seed: number
}

/** What a process has seen of its fault. */
export interface FaultState {
  /** Calls that counted. */
  readonly seen: number
  readonly fired: number
}

/** The layout of `struct control` in file-faults.c, as 32-bit numbers. */
const FAULT_SIZE = 6
const AFTER_FAULTS = 2 * FAULT_SIZE
const NUMBERS = AFTER_FAULTS + 6

/**
 * The page that a process under fault shares with its test, as a file: either side may arm a fault at any time, and what was seen
 * is there after a kill. Of two faults, the first that is due counts.
 */
export class FaultControl {
  readonly path: string
  readonly #file: number

  private constructor(path: string, file: number) {
    this.path = path
    this.#file = file
  }

  /** A page without faults. */
  static create(path: string): FaultControl {
    const file = openSync(path, 'w+')
    writeSync(file, new Int32Array(1024))
    return new FaultControl(path, file)
  }

  /** The page that this process is under, if it is under one. */
  static ofThisProcess(): FaultControl | undefined {
    const path = process.env['FAULT_CONTROL']
    return path === undefined ? undefined : new FaultControl(path, openSync(path, 'r+'))
  }

  /** Replaces a fault; undefined takes it away. */
  arm(index: 0 | 1, fault: Fault | undefined): void {
    const names = fault?.calls ?? (Object.keys(CALLS) as (keyof typeof CALLS)[])
    const calls = names.reduce((sum, name) => sum + CALLS[name], 0)
    const numbers = [0, calls, fault?.at ?? 0, fault?.stays ? 1 : 0, 0, 0]
    this.#write(index * FAULT_SIZE, numbers)
    // Last, because it is what arms.
    this.#write(index * FAULT_SIZE, [FAULTS[fault?.kind ?? 'none']])
  }

  /** To be told before the process starts. */
  expectPowerLoss({ scatters, seed }: PowerLoss): void {
    this.#write(AFTER_FAULTS, [1, scatters ? 1 : 0, seed | 1])
  }

  state(index: 0 | 1): FaultState {
    const [seen, fired] = this.#read(index * FAULT_SIZE + 4, 2) as [number, number]
    return { seen, fired }
  }

  /** Calls below the folder so far; and writes to a write-ahead log that went on after a call on it had failed. */
  totals(): { readonly writes: number; readonly syncs: number; readonly reused: number } {
    const [writes, syncs, reused] = this.#read(AFTER_FAULTS + 3, 3) as [number, number, number]
    return { writes, syncs, reused }
  }

  /** One that counts for itself, where no file calls are seen: what becomes of a call. */
  next(call: keyof typeof CALLS): keyof typeof FAULTS {
    for (const index of [0, 1] as const) {
      const [kind, calls, at, stays, seen, fired] = this.#read(index * FAULT_SIZE, FAULT_SIZE) as Numbers
      if (kind === FAULTS.none || (calls & CALLS[call]) === 0) continue
      const isDue = seen + 1 === at || (stays === 1 && seen + 1 > at)
      this.#write(index * FAULT_SIZE + 4, [seen + 1, fired + (isDue ? 1 : 0)])
      if (isDue) return (Object.keys(FAULTS) as (keyof typeof FAULTS)[])[kind]!
    }
    return 'none'
  }

  close(): void {
    closeSync(this.#file)
  }

  #read(at: number, count: number): readonly number[] {
    const numbers = new Int32Array(count)
    readSync(this.#file, numbers, 0, count * 4, at * 4)
    return [...numbers]
  }

  #write(at: number, numbers: readonly number[]): void {
    if (at + numbers.length > NUMBERS) throw new RangeError(`the page has ${NUMBERS} numbers`)
    writeSync(this.#file, Int32Array.from(numbers), 0, numbers.length * 4, at * 4)
  }
}

type Numbers = readonly [number, number, number, number, number, number]
