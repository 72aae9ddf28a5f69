import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How long an event loop did nothing else. Milliseconds. */
export interface LoopFigures {
  /** As `monitorEventLoopDelay` counts: waiting for a processor included. */
  readonly delayMax: number
  readonly delayP99: number
  /** The longest stretch without what the thread had to wait for a processor, where the system tells. */
  readonly blockedMax: number
}

const RESOLUTION_MS = 5

/** Watches this process's event loop. On a machine with too few processors every process waits for one: that is told apart. */
export class LoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #timer: NodeJS.Timeout
  #last = performance.now()
  #waited = waitedForProcessor()
  #blockedMax = 0

  constructor() {
    this.#histogram.enable()
    this.#timer = setInterval(() => this.#look(), RESOLUTION_MS)
  }

  stop(): LoopFigures {
    this.#look()
    clearInterval(this.#timer)
    this.#histogram.disable()
    return {
      delayMax: this.#histogram.max / 1e6,
      delayP99: this.#histogram.percentile(99) / 1e6,
      blockedMax: this.#blockedMax,
    }
  }

  #look(): void {
    const [now, waited] = [performance.now(), waitedForProcessor()]
    this.#blockedMax = Math.max(this.#blockedMax, now - this.#last - RESOLUTION_MS - (waited - this.#waited))
    this.#last = now
    this.#waited = waited
  }
}

/** Milliseconds that this process's main thread was ready to run and did not: the second number of /proc/PID/schedstat. */
function waitedForProcessor(): number {
  try {
    return Number(readFileSync(`/proc/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}
