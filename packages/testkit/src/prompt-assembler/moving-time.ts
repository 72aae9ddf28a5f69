const DAY_MS = 24 * 3_600_000

/**
 * Runs `use` with a `Date` that it can move on by days: what puts the date into a prompt shows within one test. The real one is back
 * when it has ended.
 */
export async function withMovingDate<T>(use: (moveOn: () => void) => Promise<T>): Promise<T> {
  const RealDate = globalThis.Date
  let offset = 0
  const now = (): number => RealDate.now() + offset
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: readonly number[], newTarget: DateConstructor) =>
      Reflect.construct<readonly number[], Date>(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  })
  try {
    // An hour more than a month: the hour of the day moves, too.
    return await use(() => (offset += 31 * DAY_MS + 3_661_001))
  } finally {
    globalThis.Date = RealDate
  }
}
