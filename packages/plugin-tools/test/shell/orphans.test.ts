import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { running, tokenOf, waitFor } from './observer.ts'

const child = fileURLToPath(new URL('../children/hold-shell.ts', import.meta.url))

it.runIf(process.platform === 'linux')(
  'a process that is killed takes along what its commands were doing, and what they left in the background',
  async () => {
    const [background, foreground] = [tokenOf(), tokenOf()]
    const host = spawn(process.execPath, [child, background, foreground], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [root] = (await once(host.stdout, 'data')) as [Buffer]
    await waitFor(() => running(background).length >= 2 && running(foreground).length >= 2, 15_000)
    const lifelines = processesBelow(host.pid!).filter((line) => line.includes('halter-lifeline'))
    expect(lifelines).toHaveLength(1)
    host.kill('SIGKILL')
    await waitFor(() => running(background).length + running(foreground).length === 0, 8_000)
    expect([...running(background), ...running(foreground)]).toEqual([])
    rmSync(dirname(root.toString().trim()), { recursive: true, force: true })
  },
  40_000,
)

/** The command lines of a process's children. */
function processesBelow(pid: number): string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children.map((each) => readFileSync(`/proc/${each}/cmdline`, 'utf8'))
}
