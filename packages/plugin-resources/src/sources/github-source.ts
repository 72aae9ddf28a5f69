import { readEntryPath } from './entry-path.ts'
import { shown, sourceFailure } from './source-failure.ts'

/** A folder of a repository on GitHub, at some revision. */
export interface GithubSource {
  readonly owner: string
  readonly repo: string
  /** A branch or a tag; absent: the default branch. It may move, so what it stood for is remembered. */
  readonly ref?: string
  /** A commit, in full. Wins over `ref`, and never moves. */
  readonly sha?: string
  /** The folder, from the repository's top; absent: the top. */
  readonly path?: string
}

const OWNER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/
const REPO = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}$/
/** What git allows in the name of a branch or a tag, and a little less. */
const REF = /^(?![-/.])(?!.*(?:\.\.|\/\/|@\{|\.lock$|[/.]$))[^\s\p{Cc}~^:?*[\\]{1,255}$/u
const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i
const FORMS = 'https://github.com/<owner>/<repo>, or that and /tree/<ref>/<folder>'

/**
 * Reads a link to a repository, or to a folder in one, as the address bar shows it. A ref with a slash in it cannot be told from a
 * folder here: name it by `ref`.
 * @throws HalterError `ERR_RESOURCE_SOURCE` for every other link: other hosts and protocols, files, pull requests, queries.
 */
export function parseGithubUrl(url: string): GithubSource {
  const match = /^https:\/\/github\.com\/([^/?#]+)\/([^/?#]+)(\/[^?#]*)?$/i.exec(url)
  if (!match) throw sourceFailure(`${shown(url)} is no link to a repository on GitHub. Write ${FORMS}.`)
  const [, owner = '', name = '', rest = ''] = match
  const repo = name.replace(/\.git$/, '')
  if (rest === '' || rest === '/') return checkGithubSource({ owner, repo }, url)
  const tree = /^\/tree\/([^/]+)(?:\/(.*))?$/.exec(rest)
  if (!tree) throw sourceFailure(`${shown(url)} is no link to a folder on GitHub. Write ${FORMS}.`)
  const ref = decode(tree[1] ?? '', url)
  const path = decode(tree[2] ?? '', url).replace(/\/$/, '')
  return checkGithubSource({ owner, repo, ref, ...(path !== '' && { path }) }, url)
}

/** Reads `owner/name`, or a link as {@link parseGithubUrl} does. @throws HalterError `ERR_RESOURCE_SOURCE`. */
export function parseGithubRepo(text: string): GithubSource {
  if (text.includes(':')) return parseGithubUrl(text)
  const [owner = '', repo = '', ...more] = text.split('/')
  if (more.length > 0) throw sourceFailure(`${shown(text)} names no repository. Write <owner>/<repo>.`)
  return checkGithubSource({ owner, repo }, text)
}

/** The source, when GitHub can have it. @throws HalterError `ERR_RESOURCE_SOURCE`; `written` is how the user wrote it. */
export function checkGithubSource(source: GithubSource, written: string): GithubSource {
  const { owner, repo, ref, sha, path } = source
  const complain = (problem: string): Error => sourceFailure(`${shown(written)} ${problem}`)
  if (!OWNER.test(owner) || !REPO.test(repo)) throw complain('names no repository. Write <owner>/<repo>.')
  if (ref !== undefined && !REF.test(ref)) throw complain(`has a ref that git does not allow: ${shown(ref)}.`)
  if (sha !== undefined && !SHA.test(sha)) throw complain(`has a sha that is no full commit: ${shown(sha)}.`)
  if (path === undefined) return source
  const folder = readEntryPath(path)
  if (folder.problem !== undefined) throw complain(`has a path that ${folder.problem}.`)
  return { ...source, path: folder.segments.join('/') }
}

/** How a source is shown: `github:owner/repo@revision/folder`. */
export function showGithubSource({ owner, repo, path }: GithubSource, revision: string): string {
  return `github:${owner}/${repo}@${revision}${path === undefined ? '' : `/${path}`}`
}

function decode(text: string, url: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw sourceFailure(`${shown(url)} is damaged: it has a "%" that stands for nothing.`, error)
  }
}
