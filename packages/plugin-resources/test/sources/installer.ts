// Installs an archive, as one of many processes that do so at once, and tells where it lies.
import { readdirSync } from 'node:fs'
import { openSources } from '../../src/sources/open-sources.ts'

const [home = '', archive = ''] = process.argv.slice(2)
const sources = openSources(
  { sources: [{ source: 'archive', path: archive, trusted: true }] },
  { home, env: {} },
)
const { plugins, warnings } = await sources.load(new AbortController().signal)
const root = plugins[0]?.folder.plugin?.root ?? ''
const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) =>
  entry.isFile(),
).length
process.send?.({ root, files, warnings })
