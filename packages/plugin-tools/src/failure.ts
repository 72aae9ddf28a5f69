import { HalterError, isHalterError } from '@halter/core'
import type { ToolOutput } from '@halter/core'
import type { Json } from '@halter/protocol'

/** A failure that the model reads: what happened, to which path, and what to do about it. */
export function failure(message: string, cause?: unknown): HalterError {
  return new HalterError('ERR_TOOL_FAILED', message, { cause })
}

/** Runs a tool's work; a {@link failure} becomes an error result, and everything else that is thrown stays thrown. */
export async function answerFailures(work: () => Promise<string | ToolOutput>): Promise<ToolOutput> {
  try {
    const answer = await work()
    return typeof answer === 'string' ? textOutput(answer) : answer
  } catch (error) {
    if (isHalterError(error, 'ERR_TOOL_FAILED')) return { ...textOutput(error.message), isError: true }
    throw error
  }
}

/** A result of one text. */
export function textOutput(text: string): ToolOutput {
  return { parts: [{ kind: 'text', text }] }
}

/** A result of one value. */
export function jsonOutput(value: object): ToolOutput {
  return { parts: [{ kind: 'json', value: value as Json }] }
}

/** The code of what the file system threw (`ENOENT`); undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

/** A failure of the file system in words; what is no such failure comes back as it was. `verb` is `read`, `write`, … */
export function fileFailure(error: unknown, verb: string, path: string): unknown {
  const code = errnoOf(error)
  if (code === undefined || isHalterError(error)) return error
  return failure(`Could not ${verb} ${path}: ${REASONS[code] ?? (error as Error).message}.`, error)
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; its owner has to allow it',
  EPERM: 'the system does not permit it',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'part of its path is a file, not a folder',
  ENOSPC: 'the disk is full; make room first',
  EDQUOT: 'the disk quota is used up; make room first',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long; use a shorter one',
  ELOOP: 'its links lead in a circle',
  ENXIO: 'it is a socket or device, not a file',
  EMFILE: 'too many files are open; try again',
  ENFILE: 'too many files are open; try again',
  EBUSY: 'something else is using it; try again',
  ENOENT: 'it does not exist',
}
