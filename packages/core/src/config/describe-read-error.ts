import { spawnSync } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Why a configuration file cannot be read, in a sentence with line and column where somebody knows them. */
export function describeReadError(error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error)
  const { reason, mark } = error as YamlError
  if (reason !== undefined && mark) return `${reason} (line ${mark.line + 1} column ${mark.column + 1})`
  const message = error.message.split('\n').slice(0, 6).join('\n    ')
  if (!(error instanceof SyntaxError) || message.includes('(line ')) return message
  const place = placeIn(error.stack ?? '', file) ?? askNode(file)
  return place === undefined ? message : `${message} (${place})`
}

/** What js-yaml adds to its errors; counted from 0. */
interface YamlError {
  readonly reason?: string
  readonly mark?: { readonly line: number; readonly column: number }
}

/** Node begins with the place, the lines around it, and a mark below what is wrong, unless that is the end of the file. */
function placeIn(text: string, file: string): string | undefined {
  const match = /^(?<where>\S+?)(?:\?v=[\d.]+)?:(?<line>\d+)\n/.exec(text)
  if (!match?.groups) return undefined
  const { where, line } = match.groups
  const shown = text.slice(match[0].length).split('\n', 5)
  const mark = shown.find((each) => /^\s*\^/.test(each))
  const path = where!.startsWith('file:') ? fileURLToPath(where!) : where
  const elsewhere = path === file ? '' : `${path}, `
  return `${elsewhere}line ${line}${mark === undefined ? '' : ` column ${mark.indexOf('^') + 1}`}`
}

/** Where an import fails to parse, the error does not say where; Node does when it only checks the file. Runs nothing of it. */
function askNode(file: string): string | undefined {
  if (!/^\.[cm]?[jt]s$/.test(extname(file))) return undefined
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 5_000 })
  return placeIn(stderr ?? '', file)
}
