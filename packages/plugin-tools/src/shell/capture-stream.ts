import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { completeLength } from '@halter/child-processes'
import type { CommandOutput } from '@halter/child-processes'

/**
 * Collects what a process writes, and passes it on as text in which no character is cut in two. The returned function ends
 * that: what comes later is read and forgotten, so that a process in the background does not break on a closed pipe, and keeps
 * nobody alive.
 */
export function captureStream(
  stream: Readable,
  output: CommandOutput,
  onText: (text: string) => void,
): () => void {
  let rest: Buffer = Buffer.alloc(0)
  const onData = (chunk: Buffer): void => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const length = completeLength(bytes)
    rest = bytes.subarray(length)
    if (length === 0) return
    output.push(bytes.subarray(0, length))
    onText(bytes.toString('utf8', 0, length))
  }
  stream.on('data', onData)
  // A pipe that breaks has said all it had to say.
  stream.on('error', () => {})
  return () => {
    stream.off('data', onData)
    stream.resume()
    const { unref } = stream as Partial<Socket>
    unref?.call(stream)
    if (rest.length === 0) return
    output.push(rest)
    onText(rest.toString('utf8'))
  }
}
