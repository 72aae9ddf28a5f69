import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'

/**
 * A small shell that outlives this process and holds the other end of a pipe: when that breaks, nobody has said goodbye, and it
 * ends every process with the mark. Node cannot ask the kernel for that (`PR_SET_PDEATHSIG`), and the kernel would ask for a process,
 * not for what it left behind.
 */
const SCRIPT = `read -r word; [ "$word" = done ] && exit
rounds=0
while [ $rounds -lt 100 ]; do
  found=
  for file in $(grep -lsF "$1" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    kill -KILL "\${pid%/environ}" 2>/dev/null && found=yes
  done
  [ -n "$found" ] || exit
  rounds=$((rounds + 1))
  sleep 0.05
done`

/**
 * Has processes ended when this one ends without having ended them: killed, or out of memory. `mark` is the beginning of an entry of
 * their environment. Linux alone. Returns how to let go.
 */
export async function startLifeline(shell: string, mark: string): Promise<() => Promise<void>> {
  const child = spawn(shell, ['-c', SCRIPT, 'halter-lifeline', mark], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of reach of what ends our group, and of the terminal.
    detached: true,
  })
  // Where it cannot start, or is ended by somebody, processes outlive a crash; nothing else is different.
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  child.unref()
  ;(child.stdin as Socket).unref()
  await once(child, 'spawn').catch(() => {})
  return async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.stdin.end('done\n')
    child.ref()
    await ended
  }
}
