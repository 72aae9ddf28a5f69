import { PassThrough } from 'node:stream'
import { Output } from '../../src/cli/output.ts'

/** An output whose streams can be read; as terminals of this many columns, or as pipes. */
export function readableOutput(columns?: number): {
  output: Output
  stdout: () => string
  stderr: () => string
} {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()].map((stream) =>
    Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns }),
  ) as [PassThrough, PassThrough]
  const text = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? ''
  return {
    output: new Output(stdout as unknown as NodeJS.WriteStream, stderr as unknown as NodeJS.WriteStream),
    stdout: () => text(stdout),
    stderr: () => text(stderr),
  }
}
