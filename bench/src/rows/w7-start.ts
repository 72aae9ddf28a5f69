import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { figure, type Figure } from '../figure.ts'
import { installHalter } from '../installed.ts'
import { inTurn } from '../rounds.ts'
import { TemporaryFolder } from '../temporary-folder.ts'

const SOURCE = fileURLToPath(new URL('bin.ts', import.meta.resolve('halter')))

/** W7: a whole process, from its start to its end, with one turn of a scripted model in between: as installed, and from the sources. */
export async function starts(): Promise<readonly Figure[]> {
  using folder = new TemporaryFolder()
  const script = folder.file('script.json')
  const empty = folder.file('empty.mjs')
  writeFileSync(script, JSON.stringify({ replies: [{ text: 'Hello.' }] }))
  writeFileSync(empty, '')
  const installed = installHalter(folder.path)
  const turn = ['run', '--ephemeral', '--model', `scripted/${script}`, 'hi']
  const ms = await inTurn(15, {
    empty: () => timeProcess(folder, [empty]),
    installed: () => timeProcess(folder, [installed, ...turn]),
    uncached: () => timeProcess(folder, [installed, ...turn], { NODE_DISABLE_COMPILE_CACHE: '1' }),
    source: () => timeProcess(folder, [SOURCE, ...turn]),
  })
  const line = { row: 'W7', unit: 'ms', floor: ms.empty, floorIs: 'empty process' }
  return [
    figure({
      ...line,
      work: 'process with a first turn',
      ours: ms.installed,
      goal: { of: 'figure', atMost: 186 },
    }),
    figure({ ...line, work: 'the same without Node’s code cache', ours: ms.uncached }),
    figure({ ...line, work: 'the same from the sources', ours: ms.source }),
  ]
}

async function timeProcess(
  folder: TemporaryFolder,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
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
