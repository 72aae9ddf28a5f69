/** A queue of at most `capacity` entries. It grows when it must, so an empty one weighs nothing. */
export class Ring<T> {
  readonly #capacity: number
  #slots: (T | undefined)[] = []
  #first = 0
  #length = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get length(): number {
    return this.#length
  }

  /** Adds an entry; when the ring is full, the oldest leaves and is returned. */
  push(entry: T): T | undefined {
    if (this.#length === this.#slots.length) {
      if (this.#length >= this.#capacity) {
        const oldest = this.#slots[this.#first]
        this.#slots[this.#first] = entry
        this.#first = (this.#first + 1) % this.#length
        return oldest
      }
      this.#grow()
    }
    this.#slots[(this.#first + this.#length) % this.#slots.length] = entry
    this.#length += 1
    return undefined
  }

  /** Takes the oldest entry. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const entry = this.#slots[this.#first]
    this.#slots[this.#first] = undefined
    this.#first = (this.#first + 1) % this.#slots.length
    this.#length -= 1
    return entry
  }

  #grow(): void {
    const size = Math.min(Math.max(this.#slots.length * 2, 16), this.#capacity)
    const slots = Array.from<T | undefined>({ length: size })
    for (let index = 0; index < this.#length; index++)
      slots[index] = this.#slots[(this.#first + index) % this.#slots.length]
    this.#slots = slots
    this.#first = 0
  }
}
