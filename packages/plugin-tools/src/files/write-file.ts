import type { ToolContext, ToolOutput } from '@halter/core'
import { answerFailures } from '../failure.ts'
import type { ToolsOptions } from '../options.ts'
import { formatBytes } from '../text.ts'
import type { WriteInput } from '../write.ts'
import type { PathLocks } from './path-locks.ts'
import { replaceFile } from './replace-file.ts'
import { absolutePath, accessOf } from './roots.ts'

/** Does the work of the tool `write`. */
export function writeFile(
  { file_path, content }: WriteInput,
  { workingDir, signal }: ToolContext,
  { settings, locks }: { readonly settings: ToolsOptions; readonly locks: PathLocks },
): Promise<ToolOutput> {
  return answerFailures(async () => {
    const access = await accessOf('write', workingDir, settings)
    const path = absolutePath(file_path, workingDir)
    const { existed, path: written } = await locks.hold(path, signal, () =>
      replaceFile({ path, content, signal }, access),
    )
    return `${existed ? 'Replaced' : 'Made'} ${written} (${formatBytes(Buffer.byteLength(content))}).`
  })
}
