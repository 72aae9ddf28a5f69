import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SqliteSessionStore } from '@halter/plugin-sqlite-store'
import { doctorCheck } from '../src/doctor-check.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'halter-doctor-'))
  path = join(folder, 'sessions.db')
  const store = await SqliteSessionStore.open({ path, durability: 'process' })
  await store.close()
})
afterEach(() => rmSync(folder, { recursive: true }))

const signal = new AbortController().signal

test('a whole file is ok, with its size', async () => {
  expect(await doctorCheck(path).check(signal)).toMatchObject({
    status: 'ok',
    message: expect.stringMatching(/is whole \(\d+ KB\)/) as unknown,
  })
})

test('a damaged file is an error with a cure', async () => {
  const file = openSync(path, 'r+')
  for (let page = 1; page < 8; page++) writeSync(file, Buffer.alloc(2_000, 0xee), 0, 2_000, page * 4_096 + 8)
  closeSync(file)
  expect(await doctorCheck(path).check(signal)).toMatchObject({
    status: 'error',
    message: expect.stringContaining(path) as unknown,
    cure: expect.stringContaining('halter sessions verify') as unknown,
  })
})

test('sessions in memory need no check', async () => {
  expect(await doctorCheck(':memory:').check(signal)).toMatchObject({ status: 'ok' })
})
