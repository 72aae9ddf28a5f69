import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isHalterError } from '@halter/core'
import { downloadFile, downloadText, type DownloadRules } from './download.ts'
import { Gate } from './gate.ts'
import { showGithubSource, type GithubSource } from './github-source.ts'
import type { ArchiveLimits } from './limits.ts'
import { isFolder, singleFolder } from './single-folder.ts'
import { reasonOf, shown, sourceFailure } from './source-failure.ts'
import type { TreeStore } from './tree-store.ts'
import { unpackArchive } from './unpack-archive.ts'

/** What GitHub is asked with. */
export interface GithubAccess {
  /** Default `https://api.github.com`. */
  readonly apiUrl: string
  readonly rules: DownloadRules
  readonly archives: ArchiveLimits
  /** Milliseconds for which the commit that a branch or tag stood for is not looked up again. */
  readonly maxAgeMs: number
}

/** A folder of a repository, on disk. */
export interface GithubFolder {
  /** Absolute; read-only by agreement, and shared with every other process of the user. */
  readonly root: string
  /** The whole commit. */
  readonly revision: string
  /** `github:owner/repo@commit/folder`. */
  readonly shown: string
  readonly warnings: readonly string[]
}

/** Requests and downloads that run side by side. */
const AT_ONCE = 6
/** How long what failed is left alone. */
const PATIENCE_MS = 60_000

interface Commit {
  readonly sha: string
  readonly warning?: string
}

/**
 * Gets repositories of GitHub, each commit once: what was fetched before is used without a request, and a branch that cannot be
 * looked up stays at the commit it stood for. Two sources in one repository share what they ask. What fails is not tried again for a
 * minute: turns wait for it.
 */
export class Github {
  readonly #access: GithubAccess
  readonly #store: TreeStore
  readonly #gate = new Gate(AT_ONCE)
  readonly #running = new Map<string, Promise<unknown>>()
  readonly #looked = new Map<string, { readonly commit: Commit; readonly until: number }>()
  readonly #failed = new Map<string, { readonly error: Error; readonly at: number }>()

  constructor(access: GithubAccess, store: TreeStore) {
    this.#access = access
    this.#store = store
  }

  /** @throws HalterError `ERR_RESOURCE_SOURCE` when it is not here and cannot be had; the signal's reason. */
  async open(source: GithubSource, signal: AbortSignal): Promise<GithubFolder> {
    const { sha, warning } = await this.#commit(source, signal)
    const tree = await this.#once(`tree ${nameOf(source)}@${sha}`, () => this.#tree(source, sha, signal))
    const root = source.path === undefined ? tree.root : join(tree.root, source.path)
    const name = showGithubSource(source, sha)
    if (!(await isFolder(root)))
      throw sourceFailure(`${name} is no folder of that repository. Check the path.`)
    const links = tree.linksLeftOut
    const left = links > 0 ? [`${name}: ${links} links are left out. Put files in their place.`] : []
    return {
      root,
      revision: sha,
      shown: name,
      warnings: [...(warning === undefined ? [] : [warning]), ...left],
    }
  }

  async #commit(source: GithubSource, signal: AbortSignal): Promise<Commit> {
    if (source.sha !== undefined) return { sha: source.sha.toLowerCase() }
    const { ref = 'HEAD' } = source
    const key = `ref ${nameOf(source)}@${ref}`
    const looked = this.#looked.get(key)
    if (looked && Date.now() < looked.until) return looked.commit
    const commit = await this.#once(key, () => this.#lookUp(source, ref, signal))
    // With no time to live it is looked up at every start, not at every turn.
    const ms = commit.warning === undefined ? this.#access.maxAgeMs || Infinity : PATIENCE_MS
    this.#looked.set(key, { commit, until: Date.now() + ms })
    return commit
  }

  /** The commit of a branch or tag: as noted not long ago, or as GitHub says, or as noted some time ago. */
  async #lookUp(source: GithubSource, ref: string, signal: AbortSignal): Promise<Commit> {
    const { apiUrl, maxAgeMs, rules } = this.#access
    const note = `${apiUrl} ref ${nameOf(source)}@${ref}`
    const known = await this.#store.note(note)
    const sha = typeof known?.['sha'] === 'string' ? known['sha'] : undefined
    const age = Date.now() - Number(known?.['at'])
    if (sha !== undefined && age >= 0 && age < maxAgeMs) return { sha }
    const path = ref.split('/').map(encodeURIComponent).join('/')
    const url = `${apiUrl}/repos/${nameOf(source)}/commits/${path}`
    const what = `${nameOf(source)} on GitHub (${ref === 'HEAD' ? 'its default branch' : ref})`
    try {
      const limits = { ...rules.limits, maxBytes: 1024 }
      const wanted = { url, accept: 'application/vnd.github.sha', what }
      const answer = (await downloadText(wanted, { ...rules, limits }, signal)).trim().toLowerCase()
      if (!/^[0-9a-f]{40,64}$/.test(answer)) throw sourceFailure(`${what}: ${shown(answer)} is no commit.`)
      await this.#store.setNote(note, { sha: answer, at: Date.now() })
      return { sha: answer }
    } catch (error) {
      signal.throwIfAborted()
      if (sha === undefined) throw error
      const warning = `${reasonOf(error)} What was fetched before is used: ${showGithubSource(source, sha)}.`
      return { sha, warning }
    }
  }

  /** The whole repository at a commit, fetched when it is not here. */
  async #tree(source: GithubSource, sha: string, signal: AbortSignal): Promise<Tree> {
    const note = `${this.#access.apiUrl} tree ${nameOf(source)}@${sha}`
    const known = await this.#store.note(note)
    const tree = typeof known?.['tree'] === 'string' ? this.#store.find(known['tree']) : undefined
    if (tree !== undefined) return treeAt(tree, Number(known?.['linksLeftOut']))
    const file = await this.#store.scratch()
    const name = showGithubSource({ owner: source.owner, repo: source.repo }, sha)
    try {
      const { apiUrl, rules, archives } = this.#access
      const limits = { ...rules.limits, maxBytes: archives.archiveBytes }
      const url = `${apiUrl}/repos/${nameOf(source)}/tarball/${sha}`
      const wanted = { url, accept: 'application/vnd.github+json', what: name }
      const sha256 = await downloadFile(wanted, file, { ...rules, limits }, signal)
      let linksLeftOut = 0
      const folder = await this.#store.keep(sha256, async (target) => {
        linksLeftOut = (await unpackTarball(file, target, { name, sha }, this.#access, signal)).linksLeftOut
      })
      await this.#store.setNote(note, { tree: sha256, linksLeftOut })
      return await treeAt(folder, linksLeftOut)
    } finally {
      await rm(file, { force: true })
    }
  }

  /** Work that several sources ask for at the same time is done once. */
  #once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key) as Promise<T> | undefined
    if (running) return running
    const failed = this.#failed.get(key)
    if (failed && Date.now() - failed.at < PATIENCE_MS) return Promise.reject(failed.error)
    const started = this.#gate
      .pass(work)
      .catch((error: unknown) => {
        if (isHalterError(error, 'ERR_RESOURCE_SOURCE')) this.#failed.set(key, { error, at: Date.now() })
        throw error
      })
      .finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }
}

interface Tree {
  readonly root: string
  readonly linksLeftOut: number
}

/** Everything in a tarball of GitHub's lies in one folder, whose name ends with the commit. */
async function treeAt(tree: string, linksLeftOut: number): Promise<Tree> {
  return { root: (await singleFolder(tree)) ?? tree, linksLeftOut }
}

async function unpackTarball(
  file: string,
  target: string,
  { name, sha }: { readonly name: string; readonly sha: string },
  { archives }: GithubAccess,
  signal: AbortSignal,
): Promise<{ readonly linksLeftOut: number }> {
  try {
    const unpacked = await unpackArchive(file, target, archives, signal)
    const [top = '', ...others] = await readdir(target)
    if (others.length > 0 || !(await isFolder(join(target, top))))
      throw sourceFailure('it does not have everything in one folder, as archives of GitHub do')
    const revision = top.slice(top.lastIndexOf('-') + 1).toLowerCase()
    if (revision.length < 7 || !sha.startsWith(revision))
      throw sourceFailure(`it is of another revision: ${shown(top)}`)
    return unpacked
  } catch (error) {
    signal.throwIfAborted()
    throw sourceFailure(`${name} could not be unpacked: ${reasonOf(error)}. Nothing of it is used.`, error)
  }
}

function nameOf({ owner, repo }: GithubSource): string {
  return `${owner}/${repo}`
}
