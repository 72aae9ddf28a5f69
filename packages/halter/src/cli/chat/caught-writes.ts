import { printable } from '../printable.ts'

/** Looks are let through: what halter itself writes has them, and they move nothing. */
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const LOOK = /(\u001B\[[\d;]*m)/

/**
 * Catches what anybody else writes to streams of a screen, such as a plugin's `console.log`, so that it does not land in the middle of the
 * live part. `onLines` gets whole lines that are safe on a terminal. Returns how to stop.
 */
export function catchWrites(
  streams: readonly NodeJS.WriteStream[],
  onLines: (lines: string) => void,
): () => void {
  const restores = streams.map((stream) => {
    const { write } = stream
    let rest = ''
    const take = (text: string): void => {
      const all = rest + text
      const end = all.lastIndexOf('\n') + 1
      rest = all.slice(end)
      if (end > 0) onLines(safe(all.slice(0, end)))
    }
    stream.write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
      take(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))
      const done = more.at(-1)
      if (typeof done === 'function') queueMicrotask(done as () => void)
      return true
    }
    return (): void => {
      stream.write = write
      if (rest !== '') take('\n')
    }
  })
  return () => restores.forEach((restore) => restore())
}

function safe(text: string): string {
  return text
    .split(LOOK)
    .map((piece, index) => (index % 2 === 1 ? piece : printable(piece)))
    .join('')
}
