// Packs every package into one folder, as it would be published: `npm run pack:all [-- folder]`; default: `tarballs`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { build, pack, publishable, root } from './pack/packages.mjs'

const target = resolve(root, process.argv[2] ?? 'tarballs')
const packages = publishable()
try {
  await build(packages)
} catch (error) {
  console.error(error.stdout || error.message)
  process.exit(1)
}
if (!process.argv[2]) rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
const packed = await Promise.all(packages.map((each) => pack(each, target)))
const overrides = packed.map(({ name, file }) => `  '${name}': 'file:${file}'\n`)
writeFileSync(join(target, 'overrides.yaml'), `overrides:\n${overrides.join('')}`)
for (const { name, file } of packed) console.log(`${name.padEnd(34)} ${basename(file)}`)
console.log(
  `\n${packed.length} tarballs are in ${relative(process.cwd(), target) || '.'}; docs/try-a-plugin.md tells how to use them.`,
)
