import type { HandlerContext, HttpHandler } from '../../hook-handler.ts'

/** Headers ready to be sent, and the values of the environment that are in them; or why there are none. */
export type FilledHeaders =
  | { readonly headers: Readonly<Record<string, string>>; readonly secrets: readonly string[] }
  | { readonly problem: string }

const VARIABLE = /\$(?:\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** The connection's own: a handler that set them could send something else than one request to one host. */
const OURS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'expect',
])

/**
 * Fills `$NAME` and `${NAME}` in header values from the environment: only names that the handler allows, and its bundle too where
 * it came in one. Any other becomes nothing. An unclosed `${` stays as it is.
 */
export function fillHeaders(handler: HttpHandler, { env }: Pick<HandlerContext, 'env'>): FilledHeaders {
  const { plugin } = handler.source
  const mayUse = (name: string): boolean =>
    handler.allowedEnvVars.includes(name) && (!plugin || plugin.allowedEnvVars.includes(name))
  const secrets: string[] = []
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  for (const [name, template] of Object.entries(handler.headers)) {
    const value = template.replace(VARIABLE, (_all, braced?: string, bare?: string) => {
      const variable = braced ?? bare ?? ''
      const found = mayUse(variable) ? (env[variable] ?? '') : ''
      if (found !== '') secrets.push(found)
      return found
    })
    const problem = headerProblem(name, value)
    if (problem !== undefined) return { problem }
    // A header is bytes; Node writes each character as one.
    headers[name.toLowerCase()] = Buffer.from(value).toString('latin1')
  }
  return { headers, secrets }
}

function headerProblem(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return `${JSON.stringify(name)} is no name of a header.`
  if (OURS.has(name.toLowerCase())) return `The header ${name} is the connection's own and cannot be set.`
  for (const byte of Buffer.from(value))
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f)
      return `The header ${name} holds the control byte 0x${byte.toString(16).padStart(2, '0')}, which no header may.`
  return undefined
}
