/** Waits for `work`, at most `ms` milliseconds: for those who may look, but hold nobody up. It goes on after that. */
export async function within(ms: number, work: void | Promise<void>): Promise<void> {
  if (!work) return
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, deadline])
  clearTimeout(timer)
}
