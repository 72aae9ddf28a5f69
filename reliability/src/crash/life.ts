/** What a process that is to die is given to do. */
export interface Life {
  /** The file of the sessions. */
  readonly store: string
  readonly durability: 'power' | 'process'
  /** Where tools write that they have had their effect: a line of session, call, kind. Outside of the folder under fault. */
  readonly effects: string
  readonly seed: number
  /** Sessions to go on with. */
  readonly resume: readonly string[]
  readonly interrupted: 'close' | 'continue'
  /** After so many per session, it ends by itself. */
  readonly steps: number
}
