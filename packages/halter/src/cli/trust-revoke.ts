import { halterHome } from '@halter/core'
import { listTrusted, readProject, revokeTrust, type TrustedContent } from '@halter/core/host'
import type { OptionValues } from './command-spec.ts'
import type { TRUST_REVOKE } from './commands/config.ts'
import { workingFolder } from './load-configuration.ts'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'

/** `halter trust revoke`: exit code 1 when there was nothing to take back. */
export async function revoke(
  options: OptionValues<(typeof TRUST_REVOKE)['options']>,
  [folder]: readonly string[],
  output: Output,
): Promise<number> {
  if (options.all && folder !== undefined)
    throw new UsageError('--all takes back everything: it needs no folder.', 'trust revoke')
  const revoked = options.all ? revokeAll() : await revokeFolder(folder)
  if (options.json) for (const each of revoked) output.json(each)
  else for (const { path } of revoked) output.data(`${path}\n`)
  if (revoked.length > 0) output.talk('These are not trusted any more.')
  else output.talk('Nothing of it was trusted. halter trust list tells what is.')
  return revoked.length > 0 ? 0 : 1
}

function revokeAll(): readonly TrustedContent[] {
  const home = halterHome()
  return [...new Set(listTrusted(home).map(({ root }) => root))].flatMap((root) => revokeTrust(home, root))
}

/** The whole project that the folder is in, as it was asked about as a whole. A folder that is gone is taken by its name. */
async function revokeFolder(folder: string | undefined): Promise<readonly TrustedContent[]> {
  const home = halterHome()
  const { root } = await readProject(folder ?? workingFolder(undefined))
  return revokeTrust(home, root)
}
