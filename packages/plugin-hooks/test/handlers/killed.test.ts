import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { running, uniqueSleep, until } from './sandbox.ts'

const child = fileURLToPath(new URL('children/run-hooks.ts', import.meta.url))

it.runIf(process.platform === 'linux')(
  'a process that is killed takes along what its hooks were doing, and what they left behind',
  async () => {
    const token = uniqueSleep()
    const host = spawn(process.execPath, [child, token], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [root] = (await once(host.stdout, 'data')) as [Buffer]
    await until(() => running(`sleep\0${token}`).length === 3)
    host.kill('SIGKILL')
    await until(() => running(token).length === 0)
    expect(running(token)).toEqual([])
    rmSync(dirname(root.toString().trim()), { recursive: true, force: true })
  },
  20_000,
)
