// Fills its disk and asks what a failed sync means then. Arguments: a folder on a small disk. Output: the code, as JSON.
import { statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { storeError } from '../../src/errors.ts'

const [folder = ''] = process.argv.slice(2)
const { bavail, bsize } = statfsSync(folder)
writeFileSync(join(folder, 'filler'), Buffer.alloc(bavail * bsize))
const failedSync = Object.assign(new Error('disk I/O error'), { errcode: 1034 })
const { code } = storeError(failedSync, join(folder, 'sessions.db'))
process.stdout.write(JSON.stringify({ code }))
