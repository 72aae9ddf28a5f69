/** Bytes as people read them: `512 bytes`, `3.4 MB` (powers of 1,000). */
export function formatBytes(bytes: number): string {
  if (bytes === 1) return '1 byte'
  if (bytes < 1000) return `${bytes} bytes`
  const units = ['kB', 'MB', 'GB', 'TB']
  let amount = bytes
  let unit = -1
  while (amount >= 999.95 && unit < units.length - 1) {
    amount /= 1000
    unit++
  }
  return `${amount.toFixed(1)} ${units[unit]}`
}

/** A line with its number, as `read` shows it. */
export function numberLine(line: string, number: number): string {
  return `${String(number).padStart(6)}\t${line}`
}

/** The first `length` UTF-16 units, one fewer where that would cut a character in two. */
export function cutText(text: string, length: number): string {
  const last = text.charCodeAt(length - 1)
  const isHalf = text.length > length && last >= 0xd800 && last <= 0xdbff
  return text.slice(0, isHalf ? length - 1 : length)
}

/** As many whole entries from the start, one per line, as the caps allow. */
export function capList(
  entries: readonly string[],
  { maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number },
): { readonly text: string; readonly shown: number } {
  let bytes = 0
  let shown = 0
  for (const entry of entries) {
    bytes += Buffer.byteLength(entry) + 1
    if (shown >= maxEntries || (bytes > maxBytes && shown > 0)) break
    shown++
  }
  return { text: entries.slice(0, shown).join('\n'), shown }
}
