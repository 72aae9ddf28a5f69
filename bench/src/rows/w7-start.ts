import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { figure, type Figure } from '../figure.ts'
import { inTurn } from '../rounds.ts'
import { TemporaryFolder } from '../stored-subject.ts'

const HALTER = fileURLToPath(new URL('bin.ts', import.meta.resolve('halter')))

/** W7: a whole process, from its start to its end, with one turn of a scripted model in between. */
export async function starts(): Promise<readonly Figure[]> {
  using folder = new TemporaryFolder()
  const script = folder.file('script.json')
  const empty = folder.file('empty.mjs')
  writeFileSync(script, JSON.stringify({ replies: [{ text: 'Hello.' }] }))
  writeFileSync(empty, '')
  const run = [HALTER, 'run', '--ephemeral', '--model', `scripted/${script}`, 'hi']
  const ms = await inTurn(11, {
    empty: () => timeProcess(folder, [empty], {}),
    again: () => timeProcess(folder, run, {}),
    first: () => timeProcess(folder, run, { NODE_DISABLE_COMPILE_CACHE: '1' }),
  })
  const line = { row: 'W7', unit: 'ms', floor: ms.empty, floorIs: 'empty process' }
  return [
    figure({
      ...line,
      work: 'process with a first turn',
      ours: ms.again,
      goal: { of: 'figure', atMost: 186 },
    }),
    figure({ ...line, work: 'the same, with no code cached by Node', ours: ms.first }),
  ]
}

async function timeProcess(
  folder: TemporaryFolder,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const { PATH = '' } = process.env
  const start = performance.now()
  const child = spawn(process.execPath, argv, {
    cwd: folder.path,
    env: { PATH, HOME: folder.path, HALTER_HOME: folder.file('home'), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = (await once(child, 'exit')) as [number | null]
  const ms = performance.now() - start
  if (code !== 0) throw new Error(`node ${argv.join(' ')} ended with ${code}: ${said}`)
  return ms
}
