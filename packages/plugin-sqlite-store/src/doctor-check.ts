import { statSync } from 'node:fs'
import type { DoctorCheck, DoctorFinding } from '@halter/core'
import { checkInBackground } from './clean-close.ts'

/** For `halter doctor`: SQLite looks over the whole file, on a thread of its own. */
export function doctorCheck(path: string): DoctorCheck {
  return {
    name: 'the session database',
    check: async (signal) => (path === ':memory:' ? IN_MEMORY : await checkFile(path, signal)),
  }
}

const IN_MEMORY: DoctorFinding = { status: 'ok', message: 'sessions are kept in memory only' }

async function checkFile(path: string, signal: AbortSignal): Promise<DoctorFinding> {
  const { size } = statSync(path)
  const problems = await new Promise<readonly string[]>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    checkInBackground(path, signal, resolve).catch(reject)
  })
  const shown = size < 1_048_576 ? `${Math.ceil(size / 1_024)} KB` : `${(size / 1_048_576).toFixed(1)} MB`
  if (problems.length === 0) return { status: 'ok', message: `${path} is whole (${shown})` }
  return {
    status: 'error',
    message: `${path} is damaged: ${problems.join('; ')}`,
    cure: 'Copy the file away, then save what can be read: halter sessions verify --all, halter sessions export. A new file begins when this one is gone.',
  }
}
