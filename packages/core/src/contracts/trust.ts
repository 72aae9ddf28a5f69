/**
 * Slot `trust`: whether a folder may bring what runs or widens anything: hooks, skills, commands, agents, plugin folders.
 * Nobody fills it: no folder may. Text that only a model reads (`AGENTS.md`) needs no trust.
 */
export interface FolderTrust {
  /**
   * Whether such files of this folder, and of those above it up to its repository's root, may be applied as they are now: a
   * change takes the trust away, so ask again after one. False for a folder that has none of them.
   */
  isTrusted(folder: string): Promise<boolean>
}
