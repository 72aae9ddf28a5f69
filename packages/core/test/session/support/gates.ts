/** A promise and its handles. */
export type Deferred<T = void> = ReturnType<typeof Promise.withResolvers<T>>

/** Something that happens when the test says so. */
export function deferred<T = void>(): Deferred<T> {
  return Promise.withResolvers<T>()
}

/** Lets everybody pass once `count` have come; rejects for all when that takes longer than a second. */
export class Barrier {
  readonly #count: number
  readonly #open = deferred()
  #arrived = 0

  constructor(count: number) {
    this.#count = count
  }

  async pass(): Promise<void> {
    this.#arrived += 1
    if (this.#arrived >= this.#count) this.#open.resolve()
    const timer = setTimeout(() => {
      this.#open.reject(new Error(`only ${this.#arrived} of ${this.#count} came to the barrier`))
    }, 1_000)
    try {
      await this.#open.promise
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Lets everything that can run now run: some rounds of the event loop. */
export async function settle(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits, at most two seconds, until `isTrue`. */
export async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 2_000
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${String(isTrue)}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** True when `promise` is still pending after everything that can run now has run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  const mark = (): void => void (isSettled = true)
  promise.then(mark, mark)
  await settle()
  return !isSettled
}
