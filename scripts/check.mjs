// Everything that must hold besides the tests: `npm run check`, or `npm run check -- types lint` for some of it.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Each step is one `node` process that says what is wrong and exits with something else than 0. */
const steps = {
  types: ['node_modules/typescript/bin/tsc', '-b'],
  lint: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--quiet'],
  format: ['node_modules/oxfmt/bin/oxfmt', '--check'],
  unused: ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'],
  layers: ['node_modules/vitest/vitest.mjs', 'run', 'test/layers.test.ts'],
  api: ['scripts/check-api.mjs'],
  packing: ['scripts/check-pack.mjs'],
}

const root = fileURLToPath(new URL('..', import.meta.url))
const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !Object.hasOwn(steps, name))
if (unknown.length > 0) {
  console.error(
    `There is no check "${unknown.join('", "')}". The checks are: ${Object.keys(steps).join(', ')}.`,
  )
  process.exit(2)
}

const begun = performance.now()
const failed = []
for (const name of chosen.length > 0 ? chosen : Object.keys(steps))
  if (!(await runStep(name))) failed.push(name)
const total = seconds(begun)
if (failed.length === 0) console.log(`\nAll checks passed in ${total}.`)
else
  console.log(
    `\n${failed.length} failed in ${total}: ${failed.join(', ')}. One alone: npm run check -- ${failed[0]}`,
  )
process.exitCode = failed.length === 0 ? 0 : 1

/** Resolves to whether the step passed; its output is shown only if it did not. */
async function runStep(name) {
  const start = performance.now()
  const { code, output } = await capture(steps[name])
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'}  ${name.padEnd(8)} ${seconds(start).padStart(7)}`)
  if (code !== 0) console.log(`\n${output.trim()}\n`)
  return code === 0
}

function capture(argv) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, argv, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', (error) => resolve({ code: 1, output: error.message }))
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output }))
  })
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
