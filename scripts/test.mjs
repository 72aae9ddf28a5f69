// Runs vitest, then says the result once more on a line of its own, from vitest's JSON report: "12 passed, 0 failed".
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { reportFile, summarize } from './test-summary.mjs'

mkdirSync(dirname(reportFile), { recursive: true })
rmSync(reportFile, { force: true })

const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
const vitest = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)],
  { stdio: 'inherit' },
)
// Ctrl-C reaches vitest as well; the result is still ours to tell.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => vitest.kill('SIGTERM'))
vitest.on('close', (code) => {
  console.log(summarize())
  process.exitCode = code ?? 1
})
