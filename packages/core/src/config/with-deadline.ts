import { HalterError } from '../errors.ts'

/** What code of the user's gave, or an error when it takes longer than `ms`. The code itself cannot be stopped. */
export async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new HalterError('ERR_PLUGIN_LOAD', `${what} did not finish loading in ${ms} ms`)),
      ms,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
