import { readdirSync } from 'node:fs'

/** What a process holds at one moment. Sizes in megabytes, time in minutes since the start. */
export interface Sample {
  readonly minute: number
  readonly heap: number
  readonly external: number
  readonly rss: number
  /** What keeps the event loop alive or could: timers, sockets, workers. */
  readonly handles: number
  readonly timers: number
  /** Open files; 0 where the system does not tell. */
  readonly fds: number
}

/** Collects garbage and looks. */
export function takeSample(minute: number, collect: () => void): Sample {
  for (let turn = 0; turn < 4; turn++) collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo()
  const timers = resources.filter((name) => name === 'Timeout' || name === 'Immediate').length
  return {
    minute,
    heap: heapUsed / 1e6,
    external: external / 1e6,
    rss: rss / 1e6,
    handles: resources.length - timers,
    timers,
    fds: countOpenFiles(),
  }
}

/** How much a figure grows per minute: the line that fits best. */
export function slopeOf(samples: readonly Sample[], pick: (sample: Sample) => number): number {
  const meanX = mean(samples.map(({ minute }) => minute))
  const meanY = mean(samples.map(pick))
  const over = samples.reduce((sum, sample) => sum + (sample.minute - meanX) * (pick(sample) - meanY), 0)
  const under = samples.reduce((sum, { minute }) => sum + (minute - meanX) ** 2, 0)
  return under === 0 ? 0 : over / under
}

/** The mean of the last third minus that of the first. */
export function drift(samples: readonly Sample[], pick: (sample: Sample) => number): number {
  const third = Math.max(1, Math.floor(samples.length / 3))
  return mean(samples.slice(-third).map(pick)) - mean(samples.slice(0, third).map(pick))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function countOpenFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}
