import type { SessionStore } from '@halter/core'
import type { Rule } from '../rule.ts'

/** A store under test, and how to let go of it. */
export interface OpenStore {
  readonly store: SessionStore
  close(): Promise<void>
}

/** How the suite gets at an implementation. */
export interface StoreHarness {
  /**
   * Opens the store. It may hold sessions already, and each call may open the same data or data of its own: the rules use
   * ids that nobody else has.
   */
  open(): Promise<OpenStore>
  /**
   * Opens what `open` opened last once more: the same data, a new instance, as another process would. The first may be open
   * or closed. Absent for a store that keeps nothing; the rules about survival are skipped then.
   */
  reopen?(): Promise<OpenStore>
}

/** What a store may leave out, as the rules name it. */
export type StoreAbility = 'fork' | 'changes' | 'checkpoints' | 'blobs' | 'leases'

type Check = (store: SessionStore) => Promise<void>

/** Opens a store, uses it, and closes it whatever happens. */
export async function withStore<T>(
  open: () => Promise<OpenStore>,
  use: (store: SessionStore) => Promise<T>,
): Promise<T> {
  const { store, close } = await open()
  try {
    return await use(store)
  } finally {
    await close()
  }
}

/** A rule that every store must keep. */
export function required(name: string, check: Check): Rule<StoreHarness> {
  return { name, run: (harness) => withStore(() => harness.open(), check) }
}

/** A rule for stores that have these abilities; the others skip it by name. */
export function forAbility(
  abilities: StoreAbility | readonly StoreAbility[],
  name: string,
  check: Check,
): Rule<StoreHarness> {
  return { ...required(name, check), skip: (harness) => missing(harness, [abilities].flat()) }
}

/**
 * A rule about what survives: `before` runs on one instance, `after` on a new one with the same data, and gets what `before`
 * returned. For stores that can be reopened and, where it is given, have `ability`.
 */
export function forReopened<T>(
  name: string,
  steps: {
    readonly ability?: StoreAbility
    readonly before: (store: SessionStore) => Promise<T>
    readonly after: (store: SessionStore, from: T) => Promise<void>
  },
): Rule<StoreHarness> {
  return {
    name,
    skip: async (harness) => withoutReopen(harness) ?? (await missing(harness, [steps.ability ?? []].flat())),
    async run(harness) {
      const from = await withStore(() => harness.open(), steps.before)
      await withStore(
        () => reopen(harness),
        (store) => steps.after(store, from),
      )
    },
  }
}

/** A rule about two instances that work on the same data at once, as two processes do. */
export function forTwoInstances(
  name: string,
  check: (one: SessionStore, other: SessionStore) => Promise<void>,
  ability?: StoreAbility,
): Rule<StoreHarness> {
  return {
    name,
    skip: async (harness) => withoutReopen(harness) ?? (await missing(harness, [ability ?? []].flat())),
    run: (harness) =>
      withStore(
        () => harness.open(),
        (one) =>
          withStore(
            () => reopen(harness),
            (other) => check(one, other),
          ),
      ),
  }
}

/** True when the store has everything that this ability needs. */
export function hasAbility(store: SessionStore, ability: StoreAbility): boolean {
  switch (ability) {
    case 'fork':
      return store.fork !== undefined
    case 'changes':
      return store.changes !== undefined && store.position !== undefined
    case 'checkpoints':
      return store.keepsCheckpoints === true
    case 'blobs':
      return store.blobs !== undefined
    case 'leases':
      return store.leases !== undefined
  }
}

async function missing(
  harness: StoreHarness,
  abilities: readonly StoreAbility[],
): Promise<string | undefined> {
  if (abilities.length === 0) return undefined
  return await withStore(
    () => harness.open(),
    async (store) => {
      const lacking = abilities.filter((ability) => !hasAbility(store, ability))
      return lacking.length === 0 ? undefined : `the store has no ${lacking.join(', ')}`
    },
  )
}

function withoutReopen(harness: StoreHarness): string | undefined {
  return harness.reopen ? undefined : 'the store keeps nothing that could be opened again'
}

async function reopen(harness: StoreHarness): Promise<OpenStore> {
  if (!harness.reopen) throw new Error('This harness has no reopen; ask skip() before run().')
  return await harness.reopen()
}
