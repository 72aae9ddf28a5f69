import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FaultControl } from './fault-control.ts'

/** How faults are brought into a process. */
export interface Injection {
  readonly how: 'file calls' | 'statements'
  /** Why it is not file calls. */
  readonly because?: string
  /** What a process needs to be under the faults of a page. Only calls on files below `folder` count. */
  into(
    control: FaultControl,
    folder: string,
  ): {
    readonly execArgv: readonly string[]
    readonly env: Readonly<Record<string, string>>
  }
}

/** Compiles what makes file calls fail, into `folder`, and tries it; where that cannot be, statements of SQLite will have to do. */
export function findInjection(folder: string): Injection {
  if (process.platform !== 'linux')
    return statements('preloading into a process is known here for Linux only')
  const library = join(folder, 'file-faults.so')
  const compiler = ['cc', 'gcc', 'clang'].find((name) => compiles(name, library))
  if (!compiler) return statements('there is no C compiler (cc, gcc, clang)')
  const injection: Injection = {
    how: 'file calls',
    into: (control, below) => ({
      execArgv: [],
      env: { LD_PRELOAD: library, FAULT_CONTROL: control.path, FAULT_FOLDER: below },
    }),
  }
  return works(injection, folder) ? injection : statements('what was preloaded was not called')
}

function statements(because: string): Injection {
  const hook = pathToFileURL(join(import.meta.dirname, 'statement-faults.ts')).href
  return {
    how: 'statements',
    because,
    into: (control) => ({ execArgv: ['--import', hook], env: { FAULT_CONTROL: control.path } }),
  }
}

function compiles(compiler: string, library: string): boolean {
  const source = join(import.meta.dirname, 'file-faults.c')
  const args = ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread']
  return spawnSync(compiler, args, { stdio: 'ignore' }).status === 0
}

/** A process that writes twice is killed between the two. */
function works(injection: Injection, folder: string): boolean {
  const below = join(folder, 'trial')
  mkdirSync(below)
  writeFileSync(join(below, 'file'), '')
  const control = FaultControl.create(join(folder, 'trial.page'))
  control.arm(0, { kind: 'kill', calls: ['write'], at: 2 })
  const { env } = injection.into(control, below)
  const program = `for (const text of ['one', 'two', 'three']) require('node:fs').appendFileSync('file', text)`
  const { signal } = spawnSync(process.execPath, ['--eval', program], {
    cwd: below,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  const { fired } = control.state(0)
  control.close()
  return signal === 'SIGKILL' && fired === 1
}
