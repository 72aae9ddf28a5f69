import type { Process } from '@halter/child-processes'

/** The processes below one, nearer ones first. */
export function descendantsOf(root: Process, all: readonly Process[]): readonly Process[] {
  const below: Process[] = [root]
  for (const parent of below)
    for (const each of all)
      if (each.parent === parent.pid && !below.some(({ pid }) => pid === each.pid)) below.push(each)
  return below.slice(1)
}
