import { join, resolve } from 'node:path'
import { isInside, leadsOut } from './file-looks.ts'
import { isObject } from './read-json.ts'

/** The folders that a server's paths must stay in. */
export interface ServerFolders {
  readonly root: string
  readonly dataDir: string
}

/** What is wrong with an entry of an `mcp.json`, by Agent Plugins 1.0.0 §7.2.1; undefined: nothing. */
export function checkPortableServer(server: unknown, folders: ServerFolders): string | undefined {
  if (!isObject(server)) return 'it is no object.'
  const { type } = server
  if (type === 'stdio')
    return unknownKey(server, ['type', 'command', 'args', 'env', 'cwd']) ?? checkStdio(server, folders)
  if (type === 'streamable-http' || type === 'sse')
    return unknownKey(server, ['type', 'url', 'headers']) ?? checkHttp(server)
  return `its "type" is ${JSON.stringify(type)}, not "stdio", "streamable-http" or "sse".`
}

type Server = Readonly<Record<string, unknown>>

function checkStdio(
  { command, args, env, cwd }: Server,
  { root, dataDir }: ServerFolders,
): string | undefined {
  if (typeof command !== 'string' || command === '') return 'it has no "command".'
  if (command.startsWith('./')) {
    if (!isKept(join(root, command), root)) return 'its "command" leads out of the plugin.'
  } else if (/[/\\\s]/.test(command))
    return 'its "command" is neither a bare name nor a path that begins with "./".'
  if (args !== undefined && !isTextList(args)) return 'its "args" are no list of texts.'
  if (env !== undefined && !isTextMap(env)) return 'its "env" is no object of texts.'
  if (isObject(env) && ['PLUGIN_ROOT', 'PLUGIN_DATA'].some((name) => name in env))
    return 'its "env" sets PLUGIN_ROOT or PLUGIN_DATA, which are given.'
  return cwd === undefined ? undefined : checkCwd(cwd, { root, dataDir })
}

function checkCwd(cwd: unknown, { root, dataDir }: ServerFolders): string | undefined {
  const wrong = 'its "cwd" does not begin with "./", "${PLUGIN_ROOT}" or "${PLUGIN_DATA}".'
  if (typeof cwd !== 'string') return wrong
  const [, variable, rest = ''] = /^(?:\.|\$\{(PLUGIN_ROOT|PLUGIN_DATA)\})(\/.*)?$/.exec(cwd) ?? []
  if (variable === undefined && !cwd.startsWith('./')) return wrong
  const base = variable === 'PLUGIN_DATA' ? dataDir : root
  return isKept(join(base, rest), base) ? undefined : 'its "cwd" leads out of where it begins.'
}

/** True for a path that stays in `folder`, also over links where it exists by now. */
function isKept(path: string, folder: string): boolean {
  return isInside(resolve(path), folder) && !leadsOut(path, folder)
}

function checkHttp({ url, headers }: Server): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return 'its "url" is no absolute URL.'
  const { protocol, hostname, username, password, hash } = new URL(url)
  if (username !== '' || password !== '' || hash !== '' || url.includes('#'))
    return 'its "url" has a user, a password or a fragment.'
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal)) return 'its "url" must be https.'
  if (headers === undefined) return undefined
  if (!isTextMap(headers)) return 'its "headers" are no object of texts.'
  const names = Object.keys(headers as object).map((name) => name.toLowerCase())
  if (new Set(names).size < names.length) return 'its "headers" have one name twice.'
  // Token and field value of RFC 9110, §5.
  const areFields = Object.entries(headers as Readonly<Record<string, string>>).every(
    ([name, value]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value),
  )
  return areFields ? undefined : 'its "headers" have a character that no header may have.'
}

function unknownKey(server: Server, known: readonly string[]): string | undefined {
  const key = Object.keys(server).find((each) => !known.includes(each))
  return key === undefined ? undefined : `it has "${key}", which is no key of its type.`
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isTextMap(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string')
}
