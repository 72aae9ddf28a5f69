import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { figure, isMet, type Figure } from '../src/figure.ts'
import { inTurn } from '../src/rounds.ts'
import { formatTable } from '../src/table.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

function bench(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}

describe('the bench', () => {
  test('measures the row it is asked for, beside its floor', async () => {
    const { code, stdout } = await bench('w9', '--json')
    expect(code).toBe(0)
    const figures = JSON.parse(stdout) as Figure[]
    expect(figures.length).toBeGreaterThan(0)
    for (const { row, ours, floor, ratio } of figures) {
      expect(row).toBe('W9')
      expect(ours.min).toBeGreaterThan(0)
      expect(floor!.min).toBeGreaterThan(0)
      expect(ratio!.median).toBeGreaterThan(0)
    }
  })

  test('names the rows when it is asked for one that is none', async () => {
    const { code, stderr } = await bench('w99')
    expect(code).toBe(2)
    expect(stderr).toMatch(/no row "w99".*w1, w2, w3/)
  })
})

describe('works in turn', () => {
  test('alternate, and the rounds that warm up do not count', async () => {
    const order: string[] = []
    const work = (name: string) => async (): Promise<number> => order.push(name)
    const figures = await inTurn(2, { a: work('a'), b: work('b') }, 1)
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
    expect(figures).toEqual({ a: [3, 5], b: [4, 6] })
  })
})

describe('a figure', () => {
  const line = { row: 'W0', work: 'nothing', unit: 'µs' }

  test('is judged by its median, round by round', () => {
    const slow = figure({ ...line, ours: [2, 30, 4], floor: [1, 10, 4], goal: { of: 'ratio', atMost: 2 } })
    expect(slow.ratio).toEqual({ median: 2, min: 1, max: 3 })
    expect(isMet(slow)).toBe(true)
    expect(isMet({ ...slow, goal: { of: 'ratio', atMost: 1.9 } })).toBe(false)
    expect(isMet({ ...slow, goal: { of: 'difference', atMost: 1 } })).toBe(true)
    expect(isMet({ ...slow, goal: { of: 'figure', atMost: 3.9 } })).toBe(false)
  })

  test('that misses its goal says so in the table', () => {
    const missed = figure({ ...line, ours: [2_000.4], floor: [1_000], goal: { of: 'ratio', atMost: 1.5 } })
    expect(formatTable([missed])).toMatch(/2,000 .* 1,000 .* 2\.00 .*≤ 1\.5 × floor +MISSED/)
    expect(formatTable([figure({ ...line, ours: [2] })])).not.toMatch(/met|MISSED/)
  })
})
