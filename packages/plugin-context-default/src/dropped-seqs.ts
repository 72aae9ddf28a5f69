import type { SeqRange } from '@halter/protocol'

/**
 * The events that stored the first `cut` messages, as few ranges as possible: they may cover events without a message, but none
 * that stored a message which stays. `seqs` need not ascend: a summary has a later event than the messages after it.
 */
export function droppedSeqs(seqs: readonly number[], cut: number): readonly SeqRange[] {
  const dropped = seqs.slice(0, cut).sort((a, b) => a - b)
  const kept = seqs.slice(cut).sort((a, b) => a - b)
  const ranges: { from: number; to: number }[] = []
  let nextKept = 0
  for (const seq of dropped) {
    while (nextKept < kept.length && kept[nextKept]! < (ranges.at(-1)?.to ?? seq)) nextKept += 1
    const last = ranges.at(-1)
    const isParted = nextKept < kept.length && kept[nextKept]! < seq
    if (last && !isParted) last.to = seq
    else ranges.push({ from: seq, to: seq })
  }
  return ranges
}
