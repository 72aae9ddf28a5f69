import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeTarball, type MadeEntry } from './archives.ts'

/** A request that came. */
export interface Asked {
  readonly host: 'api' | 'archives'
  readonly path: string
  readonly token: string | undefined
}

/** A server like GitHub's: an API, and another host to which it sends for archives. */
export interface GithubServer {
  readonly apiUrl: string
  /** Host and port of the server of archives. */
  readonly archiveHost: string
  readonly asked: readonly Asked[]
  /** Puts a commit there, and lets refs stand for it. */
  commit(repo: string, sha: string, files: Readonly<Record<string, string>>, refs?: readonly string[]): void
  /** Answers the next requests for paths that contain `part` in another way. */
  answer(part: string, respond: (request: IncomingMessage, response: ServerResponse) => void): void
  stop(): Promise<void>
}

/** Starts both servers on free ports of this machine. */
export async function startGithub(): Promise<GithubServer> {
  const asked: Asked[] = []
  const refs = new Map<string, string>()
  const archives = new Map<string, Buffer>()
  const answers: { part: string; respond: (request: IncomingMessage, response: ServerResponse) => void }[] =
    []
  const serve = async (host: Asked['host'], handle: (path: string, response: ServerResponse) => void) => {
    const server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '')
      asked.push({ host, path, token: request.headers.authorization })
      const special = answers.find(({ part }) => path.includes(part))
      if (special) special.respond(request, response)
      else handle(path, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }
  const storage = await serve('archives', (path, response) => {
    const archive = archives.get(path.slice(1))
    response.writeHead(archive ? 200 : 404, { 'content-type': 'application/x-gzip' }).end(archive)
  })
  const api = await serve('api', (path, response) => {
    const [, repo = '', kind, what = ''] =
      /^\/repos\/([^/]+\/[^/]+)\/(commits|tarball)\/(.+)$/.exec(path) ?? []
    const sha = refs.get(`${repo}@${what}`)
    if (sha === undefined) return void response.writeHead(404).end('{"message":"Not Found"}')
    if (kind === 'commits') return void response.writeHead(200).end(sha)
    return void response.writeHead(302, { location: `${storage.url}/${repo}/${sha}` }).end()
  })
  return {
    apiUrl: api.url,
    archiveHost: new URL(storage.url).host,
    asked,
    commit: (repo, sha, files, names = []) => {
      const top = `${repo.replace('/', '-')}-${sha.slice(0, 7)}`
      archives.set(`${repo}/${sha}`, makeTarball(entriesOf(top, files)))
      for (const name of [sha, ...names]) refs.set(`${repo}@${name}`, sha)
    },
    answer: (part, respond) => void answers.unshift({ part, respond }),
    stop: async () => {
      await Promise.all([stopServer(api.server), stopServer(storage.server)])
    },
  }
}

function entriesOf(top: string, files: Readonly<Record<string, string>>): readonly MadeEntry[] {
  return [
    { path: `${top}/`, type: '5', mode: 0o755 },
    ...Object.entries(files).map(([path, content]) => ({ path: `${top}/${path}`, content })),
  ]
}

function stopServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
