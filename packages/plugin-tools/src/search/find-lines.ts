import picomatch from 'picomatch'
import type { RE2JS } from 're2js'
import { compilePattern } from './compile-pattern.ts'
import { isOfType } from './file-types.ts'
import { readFileAt } from './held-folder.ts'
import { LineReport } from './line-report.ts'
import { matchesByLine, matchesOfText } from './match-lines.ts'
import { walk } from './walk.ts'
import type { GrepAnswer, GrepRequest, PatternRefused } from './search-request.ts'

/** Larger files are named and not searched: a file is in memory as a whole. */
const MAX_FILE_BYTES = 32 * 1024 * 1024

/** The lines of files that a pattern fits. Counts all and keeps what the caps of the request allow. */
export function findLines(request: GrepRequest): GrepAnswer | PatternRefused {
  const compiled = compilePattern(request)
  if ('reason' in compiled) return { kind: 'refused', reason: compiled.reason }
  const { pattern, isLenient } = compiled
  const end = performance.now() + request.budgetMs
  const isWanted = fileFilter(request)
  const report = new LineReport(request)
  const tooLarge: string[] = []
  let [unreadable, searched, isIncomplete] = [0, 0, false]
  for (const file of walk(request, () => unreadable++)) {
    isIncomplete = performance.now() > end
    if (isIncomplete) break
    if (file.isLink || !isWanted(file.relative)) continue
    const content = readFileAt(file.at, MAX_FILE_BYTES)
    const path = request.prefix + file.relative
    if (content === 'unreadable') unreadable++
    else if (content === 'too-large') tooLarge.push(path)
    // Binary: no text has a NUL.
    else if (!content.includes(0)) {
      searched++
      searchText(content.toString('utf8'), path, pattern, { request, report })
    }
  }
  return {
    kind: 'grep',
    ...report.answer(),
    searched,
    isLenient,
    tooLarge: tooLarge.slice(0, 5),
    isIncomplete,
    unreadable,
  }
}

function searchText(
  text: string,
  path: string,
  pattern: RE2JS,
  { request, report }: { readonly request: GrepRequest; readonly report: LineReport },
): void {
  if (text === '') return
  const matches = request.multiline ? matchesOfText(text, pattern) : matchesByLine(text, pattern)
  if (request.mode === 'content') return report.addContent(path, text, matches)
  let count = 0
  for (const _ of matches) {
    count++
    if (request.mode === 'files_with_matches') break
  }
  if (count > 0) report.addFile(path, count)
}

function fileFilter({ only, glob, type }: GrepRequest): (relative: string) => boolean {
  const isMatch =
    glob === undefined ? undefined : picomatch(glob, { dot: true, basename: !glob.includes('/') })
  return (relative) =>
    (only === undefined || relative === only) &&
    (isMatch === undefined || isMatch(relative)) &&
    (type === undefined || isOfType(relative, type))
}
