import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'

/** The plugins that people wrote, so to speak. */
export const corpus = fileURLToPath(new URL('corpus', import.meta.url))

/** A folder that goes with the test. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'halter-resources-')))
  made.push(folder)
  return folder
}
const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Writes a file, with the folders on the way. Returns its path. */
export function write(root: string, path: string, text: string, mode?: number): string {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  if (mode !== undefined) chmodSync(file, mode)
  return file
}

/** A file with other times, whatever is in it. */
export function touch(file: string): void {
  utimesSync(file, new Date(), new Date())
}

/** A skill as it is written most often. */
export function skillText(name: string, description = `Does ${name}.`, body = `How to ${name}.`): string {
  return `---\nname: ${name}\ndescription: ${description}\n---\n\n${body}\n`
}

/** A copy of a plugin of the corpus that a test may change. */
export function copyOf(name: string): string {
  const folder = join(tempFolder(), name.split('/').at(-1)!)
  cpSync(join(corpus, name), folder, { recursive: true })
  return folder
}

/** Waits until everything that was written counts as settled: file systems have coarse clocks. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 60))
}
