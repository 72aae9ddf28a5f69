// Runs shell commands as a session does, says when they run, and then waits to be killed.
import { createShellTool } from '@halter/plugin-tools'
import { openSandbox } from '../sandbox.ts'

const [background, foreground] = process.argv.slice(2) as [string, string]
const box = openSandbox()
await box.call(createShellTool(), {
  command: `setsid sleep ${background} >/dev/null 2>&1 & (sleep ${background}7 >/dev/null 2>&1 &)`,
})
void box.call(createShellTool(), { command: `trap '' TERM HUP; sleep ${foreground}; sleep ${foreground}` })
console.log(box.root)
