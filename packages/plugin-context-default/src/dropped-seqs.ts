import type { SeqRange } from '@halter/protocol'

/**
 * The events that stored what leaves, as few ranges as possible: they may cover events without a message, but none that stored a
 * message which stays. Neither list need ascend: a summary has a later event than the messages after it.
 */
export function droppedSeqs(dropped: readonly number[], kept: readonly number[]): readonly SeqRange[] {
  const stays = kept.toSorted((a, b) => a - b)
  const ranges: { from: number; to: number }[] = []
  let nextKept = 0
  for (const seq of dropped.toSorted((a, b) => a - b)) {
    while (nextKept < stays.length && stays[nextKept]! < (ranges.at(-1)?.to ?? seq)) nextKept += 1
    const last = ranges.at(-1)
    const isParted = nextKept < stays.length && stays[nextKept]! < seq
    if (last && !isParted) last.to = seq
    else ranges.push({ from: seq, to: seq })
  }
  return ranges
}
