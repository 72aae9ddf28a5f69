import { openSandbox } from '../sandbox.ts'

// Runs hooks until somebody kills it: one that is waited for, one in the background, and one that left a daemon behind.
const [token = ''] = process.argv.slice(2)
const box = openSandbox()
await box.run(`setsid -f sleep ${token} >/dev/null 2>&1`)
await box.run(`sleep ${token}`, { isAsync: true })
console.log(box.root)
await box.run(`trap '' TERM HUP PIPE; sleep ${token}; sleep ${token}`)
