// Runs one task of the workspace on a fresh machine: `node scripts/run.mjs <task> [arguments]`.
// Works on plain Node >= 20 with npm. Everything it says goes to stderr: stdout belongs to the task.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { installDependencies } from './setup/dependencies.mjs'
import { findNode } from './setup/node.mjs'
import { root } from './setup/tools.mjs'

/** What `node` runs per task. `here`: in the folder where the user typed the command, not in the workspace. */
const tasks = {
  demo: { argv: ['packages/halter/src/demo.ts'], here: true },
  halter: { argv: ['packages/halter/src/bin.ts'], here: true },
  test: { argv: ['scripts/test.mjs'] },
  check: { argv: ['scripts/check.mjs'] },
  bench: { argv: ['bench/src/main.ts'] },
  'test:crash': { argv: ['reliability/src/test-crash.ts'] },
  'test:soak': { argv: ['reliability/src/test-soak.ts'] },
  format: { argv: ['node_modules/oxfmt/bin/oxfmt'] },
  api: { argv: ['scripts/check-api.mjs', '--update'] },
  'pack:all': { argv: ['scripts/pack-all.mjs'] },
  changeset: { argv: ['node_modules/@changesets/cli/bin.js'] },
  setup: { argv: ['--version'] },
}

const [name, ...args] = process.argv.slice(2)
const task = Object.hasOwn(tasks, name ?? '') ? tasks[name] : undefined
if (!task) {
  console.error(`There is no task "${name ?? ''}". The tasks are: ${Object.keys(tasks).join(', ')}.`)
  process.exit(2)
}

try {
  const node = await findNode()
  await installDependencies(node)
  runTask(node, task, args)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

function runTask(node, { argv: [entry, ...fixed], here }, args) {
  const file = entry.startsWith('--') ? entry : join(root, entry)
  const child = spawn(node.path, [file, ...fixed, ...args], {
    cwd: here ? userFolder() : root,
    env: node.env,
    stdio: 'inherit',
  })
  // A terminal delivers Ctrl-C to the child as well; sent again it would count as the second, impatient one.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !onTerminal) child.kill(signal)
    })
  child.on('error', (error) => {
    console.error(`${node.path} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1)
    // Die of the same signal, so that whoever waits for us sees what happened.
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** npm changes to the package's folder before it runs a script, and keeps the user's own in INIT_CWD. */
function userFolder() {
  const { INIT_CWD } = process.env
  return process.cwd() === root && INIT_CWD ? INIT_CWD : process.cwd()
}
