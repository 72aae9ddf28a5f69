// The last test run in one line: `node scripts/test-summary.mjs`.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const reportFile = fileURLToPath(new URL('../node_modules/.halter/tests.json', import.meta.url))

/** "12 passed, 0 failed", and what was skipped. A test file that could not even be loaded counts as one failure. */
export function summarize() {
  if (!existsSync(reportFile)) return 'the tests ended without a result'
  const report = JSON.parse(readFileSync(reportFile, 'utf8'))
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every(({ status }) => status !== 'failed'),
  )
  const failed = report.numFailedTests + unloaded.length
  const skipped = report.numPendingTests + report.numTodoTests
  return `${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

if (import.meta.main) console.log(summarize())
