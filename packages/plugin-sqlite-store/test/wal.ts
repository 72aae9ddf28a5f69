import { readFileSync } from 'node:fs'

/** What a write-ahead log holds (sqlite.org/walformat.html): one entry per transaction, the pages it wrote. */
export function transactionsIn(path: string): number[] {
  const wal = readFileSync(`${path}-wal`)
  const frame = 24 + wal.readUInt32BE(8)
  const salt = wal.subarray(16, 24)
  const transactions: number[] = []
  let pages = 0
  for (let at = 32; at + frame <= wal.length && wal.subarray(at + 8, at + 16).equals(salt); at += frame) {
    pages++
    // A frame that ends a transaction names the size of the database.
    if (wal.readUInt32BE(at + 4) === 0) continue
    transactions.push(pages)
    pages = 0
  }
  return transactions
}
