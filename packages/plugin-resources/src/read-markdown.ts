import { relative, join } from 'node:path'
import type { ResourcePlugin } from '@halter/core'
import { leadsOut, type FileLooks } from './file-looks.ts'
import type { MarkdownDocument } from './front-matter.ts'
import type { Problems, ResourceProblem } from './problem.ts'

/** How a file of an agent or command is read. */
export interface ReadFileOptions {
  readonly looks: FileLooks
  /** The bundle it belongs to. */
  readonly plugin?: ResourcePlugin
  /** A folder that no link may lead out of, absolute. */
  readonly within?: string
  /** Where the bundle is while it is read, if that is not `plugin.root`. */
  readonly readRoot?: string
}

/** A resource, or why there is none. */
export interface ReadResult<T> {
  readonly resource?: T
  readonly problems: readonly ResourceProblem[]
}

/** A markdown file that may be read, or undefined: then `problems` says why not. */
export async function readMarkdown(
  file: string,
  problems: Problems,
  { looks, within }: ReadFileOptions,
): Promise<MarkdownDocument | undefined> {
  if (within !== undefined && leadsOut(file, within)) {
    problems.error(`It leads out of ${within}.`, 'Put the file itself in its place, not a link.')
    return undefined
  }
  const document = await looks.markdown(file)
  if ('problem' in document) {
    problems.error(document.problem, document.cure)
    return undefined
  }
  problems.list.push(...document.problems)
  return document
}

/** The path that a file of a bundle will have where the bundle is going to be. */
export function shownPath(file: string, { plugin, readRoot }: ReadFileOptions): string {
  return plugin && readRoot !== undefined ? join(plugin.root, relative(readRoot, file)) : file
}
