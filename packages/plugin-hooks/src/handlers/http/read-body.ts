import type { IncomingMessage } from 'node:http'

/** More came than was to be read. */
export class TooLargeError extends Error {}

/**
 * Reads a response as UTF-8 text.
 * @throws TooLargeError past `maxBytes`; what is left is not read. TypeError when it is not UTF-8.
 */
export async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > maxBytes) throw new TooLargeError()
    chunks.push(chunk)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}
