import { expect, test } from 'vitest'
import { hasSmallDisks, onSmallDisk } from './small-disk.ts'

test.skipIf(!hasSmallDisks())(
  'a full disk refuses a commit as a whole, leaves everything readable, and takes it when there is room',
  () => {
    const report = JSON.parse(onSmallDisk('fill-disk.ts')) as { head: number }
    expect(report.head).toBeGreaterThan(100)
    expect(report).toEqual({
      code: 'ERR_STORE_FULL',
      head: report.head,
      readable: report.head,
      listed: 1,
      after: report.head + 2,
      whole: report.head + 2,
    })
  },
)
