import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratches: string[] = []
const onUnix = process.platform !== 'win32'

/** Stands in for the command line: says what it was given, and ends as it is told. */
const program = `
import { text } from 'node:stream/consumers'
const [first] = process.argv.slice(2)
process.on('SIGTERM', () => process.exit(7))
if (first === 'wait') { console.log('waiting'); setInterval(() => {}, 1000) }
else if (first === 'die') process.kill(process.pid, 'SIGKILL')
else console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), input: await text(process.stdin) }))
if (first === 'fail') process.exitCode = 3
`

let checkout: string

beforeEach(() => {
  checkout = realpathSync(mkdtempSync(join(tmpdir(), 'halter-run-')))
  scratches.push(checkout)
  for (const path of ['.npmrc', 'exec.cmd', 'scripts/run.mjs', 'scripts/setup'])
    cpSync(join(root, path), join(checkout, path), { recursive: true })
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
  write(
    'package.json',
    JSON.stringify({ name: 'checkout', version: '1.0.0', private: true, type: 'module', scripts }),
  )
  write('pnpm-workspace.yaml', 'packages: []\n')
  write('pnpm-lock.yaml', "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n")
  write('packages/halter/src/bin.ts', program)
})
afterAll(() => scratches.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

describe('npm run halter', () => {
  test('stdout holds what the program wrote and nothing else', async () => {
    const { stdout, code } = await npm(['--', 'run', 'two words', '--flag'], { input: 'from stdin' })
    expect(JSON.parse(stdout)).toEqual({
      args: ['run', 'two words', '--flag'],
      cwd: checkout,
      input: 'from stdin',
    })
    expect(code).toBe(0)
  })

  test('the program runs in the folder where the user typed the command', async () => {
    const cwd = join(checkout, 'packages/halter')
    const { stdout } = await npm(['--', 'run'], { cwd })
    expect(JSON.parse(stdout)).toMatchObject({ cwd })
  })

  test('the exit code is the program’s', async () => {
    expect(await npm(['--', 'fail'])).toMatchObject({ code: 3 })
  })

  test.runIf(onUnix)('a signal to npm ends the program, and its exit code comes back', async () => {
    const child = start('npm', ['run', 'halter', '--', 'wait'])
    await once(child.stdout as NodeJS.ReadableStream, 'data')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([7, null])
  })

  test.runIf(onUnix)('a program that dies of a signal is seen to have died of it', async () => {
    const child = start(process.execPath, ['scripts/run.mjs', 'halter', 'die'])
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
  })
})

describe('set-up', () => {
  test('the second run sets up nothing', async () => {
    expect((await npm()).stderr).toContain('installing dependencies')
    expect((await npm()).stderr).toBe('')
  })

  test('a changed manifest is installed again', async () => {
    await npm()
    const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as object
    write('package.json', JSON.stringify({ ...manifest, description: 'changed' }))
    expect((await npm()).stderr).toContain('installing dependencies')
  })

  test('two runs at once in a fresh checkout both work, and one of them sets up', async () => {
    const both = await Promise.all([npm(), npm()])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both.filter(({ stderr }) => stderr.includes('installing'))).toHaveLength(1)
  })

  test('a lock left behind by a process that died is taken', async () => {
    const dead = spawn(process.execPath, ['--version'])
    await once(dead, 'exit')
    write('.tools/lock', String(dead.pid))
    expect(await npm()).toMatchObject({ code: 0 })
  })

  test('an unknown task is refused, and the answer names those there are', async () => {
    const child = start(process.execPath, ['scripts/run.mjs', 'frobnicate'])
    expect(await outcome(child)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('demo, halter, test') as string,
    })
  })
})

function write(path: string, content: string): void {
  mkdirSync(join(checkout, path, '..'), { recursive: true })
  writeFileSync(join(checkout, path), content)
}

function npm(args: readonly string[] = [], options: { cwd?: string; input?: string } = {}) {
  const child = start('npm', ['run', 'halter', ...args], options.cwd)
  child.stdin?.end(options.input ?? '')
  return outcome(child)
}

/** As a user would start it: without what the npm that runs these tests has put into the environment. */
function start(command: string, args: readonly string[], cwd = checkout): ChildProcess {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/i.test(name)),
  )
  return spawn(command, args, { cwd, env, shell: !onUnix })
}

async function outcome(child: ChildProcess) {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'close'),
  ])
  return { stdout, stderr, code: code as number | null }
}
