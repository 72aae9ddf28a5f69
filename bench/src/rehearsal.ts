import type { Batch } from './floor/raw-log.ts'
import { ourSteps } from './steps.ts'
import { CommitWatch, openStored } from './stored-subject.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

/** What the runtime commits in a turn of so many tool steps, commit by commit: the rows that a floor writes. */
export async function rehearse(folder: TemporaryFolder, steps: number): Promise<readonly Batch[]> {
  const watch = new CommitWatch()
  watch.batches = []
  await using subject = await openStored(folder.file(`rehearsal-${steps}.db`), 'process', { watch })
  await ourSteps(subject, steps)
  return watch.batches
}
