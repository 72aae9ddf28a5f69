import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createProcessTool, createShellTool } from '@halter/plugin-tools'
import { isRunning, openSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { running, tokenOf, waitFor } from './shell/observer.ts'

let box: Sandbox
beforeEach(() => {
  box = openSandbox()
})
afterEach(() => box.remove())

interface Listed {
  readonly descendants: readonly { readonly pid: number; readonly parent: number; readonly name: string }[]
}
interface Killed {
  readonly killed: number
  readonly signal: string
  readonly per_pid: readonly { readonly pid: number; readonly name: string; readonly killed: boolean }[]
}

async function ask<T>(input: object): Promise<T> {
  const { parts, isError, text } = await box.call(createProcessTool(), input)
  if (isError) throw new Error(text)
  return (parts[0] as { readonly value: unknown }).value as T
}

async function shell(command: string): Promise<void> {
  await box.call(createShellTool(), { command })
}

describe.runIf(process.platform === 'linux')('process', () => {
  it('lists what commands left in the background, wherever it hides, and nothing else', async () => {
    const token = tokenOf()
    expect(await ask<Listed>({ action: 'list_descendants' })).toEqual({ descendants: [] })
    await shell(`bash -c "sleep ${token} & wait" >/dev/null 2>&1 & (setsid sleep ${token} >/dev/null 2>&1 &)`)
    await waitFor(() => running(token).length === 3)
    const { descendants } = await ask<Listed>({ action: 'list_descendants' })
    expect(descendants.map(({ name }) => name).toSorted()).toEqual(['bash', 'sleep', 'sleep'])
    const { pid } = descendants.find(({ name }) => name === 'bash')!
    expect((await ask<Listed>({ action: 'list_descendants', pid })).descendants).toEqual([
      { pid: expect.any(Number) as number, parent: pid, name: 'sleep' },
    ])
  })

  it('ends a tree, and says of each process what became of it', async () => {
    const [token, spared] = [tokenOf(), tokenOf()]
    await shell(
      `bash -c "bash -c 'sleep ${token} & wait' & wait" >/dev/null 2>&1 & sleep ${spared} >/dev/null 2>&1 &`,
    )
    await waitFor(() => running(token).length === 3)
    const { descendants } = await ask<Listed>({ action: 'list_descendants' })
    const top = descendants.find(
      (each) => each.name === 'bash' && descendants.every(({ pid }) => pid !== each.parent),
    )!
    const killed = await ask<Killed>({ action: 'kill_tree', pid: top.pid })
    expect(killed).toMatchObject({ pid: top.pid, signal: 'SIGKILL', killed: 3 })
    // The deepest first.
    const order = killed.per_pid.map(({ pid }) => pid)
    const parents = order.map((pid) => order.indexOf(descendants.find((each) => each.pid === pid)!.parent))
    expect(parents).toEqual([1, 2, -1])
    expect(running(token)).toEqual([])
    expect(running(spared)).toHaveLength(1)
  })

  it('ends all of a tree that grows meanwhile', async () => {
    const token = tokenOf()
    await shell(`bash -c "for i in {1..300}; do sleep ${token} & sleep 0.01; done; wait" >/dev/null 2>&1 &`)
    await waitFor(() => running(token).length > 5)
    const { descendants } = await ask<Listed>({ action: 'list_descendants' })
    const top = descendants.find((each) => descendants.every(({ pid }) => pid !== each.parent))!
    const { killed, per_pid } = await ask<Killed>({ action: 'kill_tree', pid: top.pid })
    expect(killed).toBe(per_pid.length)
    expect(running(token)).toEqual([])
    expect(await ask<Listed>({ action: 'list_descendants' })).toEqual({ descendants: [] })
  })

  it('says of a process that ignores its signal that it is still there', async () => {
    await shell(
      `bash -c "trap '' TERM; echo \\$\\$ > pid; for i in {1..600}; do sleep 0.05; done" >/dev/null 2>&1 & until [ -s pid ]; do sleep 0.02; done`,
    )
    const { descendants } = await ask<Listed>({ action: 'list_descendants' })
    const { pid } = descendants.find(({ name }) => name === 'bash')!
    const { per_pid } = await ask<Killed>({ action: 'kill_tree', pid, signal: 'TERM' })
    expect(per_pid.find((each) => each.pid === pid)).toMatchObject({ killed: false })
    expect((await ask<Killed>({ action: 'kill_tree', pid })).per_pid.at(-1)).toMatchObject({
      pid,
      killed: true,
    })
    expect(isRunning(pid)).toBe(false)
  })

  it('touches nobody else: not itself, not its parent, not another session’s, not 1, not 0 and nothing negative', async () => {
    const other = openSandbox()
    const token = tokenOf()
    await other.call(createShellTool(), { command: `sleep ${token} >/dev/null 2>&1 &` })
    await shell('sleep 30 >/dev/null 2>&1 &')
    for (const pid of [process.pid, process.ppid, Number(running(token)[0]), 1, 0, -1, -process.pid])
      for (const action of ['kill_tree', 'list_descendants']) {
        const answer = await box.call(createProcessTool(), { action, pid, signal: 'TERM' })
        expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('out of reach') })
      }
    expect(running(token)).toHaveLength(1)
    await other.remove()
  })

  it('takes numbers, no names', async () => {
    const { issues } = await createProcessTool().validate({ action: 'kill_tree', pid: 'node' })
    expect(issues).toBeDefined()
    await expect(ask({ action: 'kill_tree' })).rejects.toThrow('needs a pid')
  })
})
