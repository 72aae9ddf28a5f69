// Every ```ts block of a README is a program: it type-checks and ends with exit code 0. Three words after "ts" change that:
// "file=name.ts" puts it beside the programs, "fragment" leaves it out, and a block "text output" after a program is compared
// with what it prints. Programs that import vitest or @halter/testkit run in vitest.
import { execFile } from 'node:child_process'
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { type Block, fileNameOf, isProgram, isTestFile, outputOf, readBlocks } from './readme/blocks.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'halter-readme-')))
const readmes = globSync(
  ['README.md', 'packages/*/README.md', 'prompts/README.md', 'examples/README.md', 'docs/guides/*.md'],
  { cwd: root },
)
  .sort()
  .map((file) => ({
    file,
    folder: join(scratch, file.replace(/\.md$/, '')),
    blocks: readBlocks(readFileSync(join(root, file), 'utf8')),
  }))
const withPrograms = readmes.filter(({ blocks }) => blocks.some(isProgram))

writeExamples()
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('the examples of all READMEs type-check', async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { output, code } = await run(process.execPath, [tsc, '-p', '.'], scratch)
  expect(output).toBe('')
  expect(code).toBe(0)
}, 60_000)

describe.each(withPrograms)('$file', ({ folder, blocks }) => {
  test.each(blocks.filter(isProgram))(
    'the example at line $line runs',
    async (block) => {
      const vitest = [
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--root',
        folder,
        programName(block),
      ]
      const argv = isTestFile(block) ? vitest : [programName(block)]
      const { output, stdout, code } = await run(process.execPath, argv, folder)
      expect(code, output).toBe(0)
      const expected = outputOf(blocks, block)
      if (expected !== undefined) expect(stdout).toBe(expected)
    },
    60_000,
  )
})

test('every npm script that a README names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
  const named = readmes.flatMap(({ file }) =>
    Array.from(
      readFileSync(join(root, file), 'utf8').matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g),
      ([, script, short]) => ({ file, script: (script ?? short) as string }),
    ),
  )
  expect(named.filter(({ script }) => !Object.hasOwn(scripts, script))).toEqual([])
})

/** Lays out the scratch folder: one folder per page, and a `node_modules` that leads to the workspace's packages. */
function writeExamples(): void {
  for (const { folder, blocks } of readmes) {
    mkdirSync(folder, { recursive: true })
    for (const block of blocks) {
      const name = fileNameOf(block) ?? (isProgram(block) ? programName(block) : undefined)
      if (name === undefined) continue
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), block.text)
    }
  }
  for (const manifest of globSync(['packages/*/package.json', 'prompts/package.json'], { cwd: root }))
    link(
      (JSON.parse(readFileSync(join(root, manifest), 'utf8')) as { name: string }).name,
      join(root, dirname(manifest)),
    )
  link('zod', join(root, 'packages/protocol/node_modules/zod'))
  link('vitest', join(root, 'node_modules/vitest'))
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(scratch, 'tsconfig.json'), tsconfig())
}

function link(name: string, folder: string): void {
  const path = join(scratch, 'node_modules', name)
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(realpathSync(folder), path, 'junction')
}

function tsconfig(): string {
  const compilerOptions = {
    noEmit: true,
    composite: false,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
  }
  const extended = { ...compilerOptions, typeRoots: [join(root, 'node_modules/@types')] }
  return JSON.stringify({
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: extended,
    include: ['**/*.ts'],
  })
}

function programName(block: Block): string {
  return isTestFile(block) ? `line-${block.line}.test.ts` : `line-${block.line}.ts`
}

async function run(file: string, args: readonly string[], cwd: string) {
  const env = { ...process.env, NO_COLOR: '1', HALTER_HOME: join(scratch, '.home') }
  try {
    const running = promisify(execFile)(file, args, { cwd, env, timeout: 50_000 })
    running.child.stdin?.end()
    const { stdout, stderr } = await running
    return { code: 0, stdout, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string }
    return { code, stdout, output: stdout + stderr }
  }
}
