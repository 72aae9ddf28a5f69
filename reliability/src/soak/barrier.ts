/** Brings those who work side by side to a halt between two pieces of work, so that what is there then is what stays. */
export class Barrier {
  #working = 0
  #pause: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
  #onQuiet: (() => void) | undefined

  /** One more works. Returns how to stop. */
  enter(): () => void {
    this.#working += 1
    return () => this.#leave()
  }

  /** Called between two pieces of work. */
  async pass(): Promise<void> {
    if (!this.#pause) return
    this.#leave()
    await this.#pause.promise
    this.#working += 1
  }

  /** Runs `look` while nobody works. */
  async whileQuiet(look: () => Promise<void>): Promise<void> {
    this.#pause = Promise.withResolvers<void>()
    if (this.#working > 0) await new Promise<void>((resolve) => (this.#onQuiet = resolve))
    await look()
    this.#pause.resolve()
    this.#pause = undefined
  }

  #leave(): void {
    this.#working -= 1
    if (this.#working === 0) this.#onQuiet?.()
  }
}
