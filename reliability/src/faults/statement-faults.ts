// Makes SQLite statements of this process fail: for `node --import`, where no file calls can be made to fail. Reads the same page
// as file-faults.c. A statement that begins, ends or writes counts as a call; COMMIT as the one that syncs.
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { FaultControl } from './fault-control.ts'

const control = FaultControl.ofThisProcess()
if (control) watch(control)

function watch(page: FaultControl): void {
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql) {
    interfere(page, sql)
    return exec.call(this, sql)
  }
  for (const name of ['run', 'get', 'all'] as const) {
    const original = StatementSync.prototype[name] as (this: StatementSync, ...values: unknown[]) => unknown
    Object.assign(StatementSync.prototype, {
      [name](this: StatementSync, ...values: unknown[]) {
        interfere(page, this.sourceSQL)
        return original.apply(this, values)
      },
    })
  }
}

function interfere(page: FaultControl, sql: string): void {
  if (/^\s*(?:SELECT|ROLLBACK)\b/i.test(sql)) return
  const fault = page.next(/\bCOMMIT\s*$/i.test(sql) ? 'sync' : 'write')
  if (fault === 'none') return
  if (fault !== 'EIO' && fault !== 'ENOSPC') process.kill(process.pid, 'SIGKILL')
  const [errcode, message] = fault === 'EIO' ? [10, 'disk I/O error'] : [13, 'database or disk is full']
  throw Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode })
}
