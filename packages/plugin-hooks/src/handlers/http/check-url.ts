import type { HandlerNetwork, HttpHandler } from '../../hook-handler.ts'

/** A URL that may be called, or why it may not. */
export type CheckedUrl = { readonly url: URL } | { readonly problem: string }

/** Events at which nothing may be sent away: the session is not there yet, or not any more. */
const REFUSED: ReadonlySet<string> = new Set(['SessionStart', 'SessionEnd', 'Setup'])

/** Checks what can be known before a name is resolved: the event, the scheme, and the host against the lists. */
export function checkUrl(handler: HttpHandler, network: HandlerNetwork): CheckedUrl {
  if (REFUSED.has(handler.event))
    return { problem: `HTTP hooks are not run for ${handler.event}. Use a command.` }
  if (!URL.canParse(handler.url)) return { problem: 'Its URL cannot be read.' }
  const url = new URL(handler.url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { problem: `Its URL is neither http nor https but ${url.protocol}` }
  const bundle = handler.source.plugin?.allowedHttpHosts ?? []
  if (!covers(bundle, url))
    return { problem: `${url.host} is not among the allowedHttpHosts of ${handler.source.plugin!.name}.` }
  if (!covers(network.allowedHosts, url))
    return { problem: `${url.host} is not among the hosts that hooks may call.` }
  return { url }
}

/** The address without what may be secret in it: user, path and query. */
export function shownUrl(url: URL): string {
  return url.origin
}

function covers(hosts: readonly string[], url: URL): boolean {
  return hosts.length === 0 || hosts.some((host) => matches(host.toLowerCase(), url))
}

function matches(pattern: string, url: URL): boolean {
  const host = url.hostname.replace(/\.$/, '')
  if (pattern === '*') return true
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1))
  return pattern === host || pattern === `${host}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`
}
