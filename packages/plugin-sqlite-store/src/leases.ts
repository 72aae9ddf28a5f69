import { HalterError, type Lease, type LeaseHolder, type LeaseOperations } from '@halter/core'
import type { SessionId } from '@halter/protocol'
import type { Connection } from './connection.ts'
import type { DatabaseFile } from './database-file.ts'
import { escapeText } from './text.ts'

/** Who may write to which session. A lease may be held before its session is there. */
export function leaseOperations(file: Pick<DatabaseFile, 'read' | 'write'>): LeaseOperations {
  return {
    acquire: (id, holder, { ttlMs, now, steal, isGone }) =>
      file.write((db) => {
        const held = findLease(db, id)
        if (held && !steal && held.expiresAt > now && !isGone(held)) throw leasedError(held)
        return replaceLease(db, id, holder, now + ttlMs)
      }),

    renew: (lease, { ttlMs, now }) =>
      file.write((db) => {
        const expiresAt = now + ttlMs
        const changed = db.run(
          'UPDATE leases SET expires_at = ? WHERE fence = ? AND holder IS NOT NULL',
          expiresAt,
          lease.fence,
        )
        if (changed === 0) throw leasedError(findLease(db, lease.sessionId) ?? lease)
        return { ...lease, expiresAt }
      }),

    release: async (lease) => {
      await file.write((db) => db.run('UPDATE leases SET holder = NULL WHERE fence = ?', lease.fence))
    },

    holderOf: (id) => file.read((db) => findLease(db, id)),
  }
}

/** Why a writer cannot go on: a newer lease than its own was given out. */
export function fencedOff(db: Connection, id: SessionId): HalterError {
  const held = findLease(db, id)
  if (held) return leasedError(held)
  return new HalterError(
    'ERR_SESSION_LEASED',
    `Session ${id} was held by somebody else since. Resume it to go on from where it is now.`,
  )
}

interface LeaseRow {
  readonly fence: number
  readonly holder: string | null
  readonly expiresAt: number
}

function findLease(db: Connection, id: SessionId): Lease | undefined {
  const row = db.get<LeaseRow>(
    'SELECT fence, holder, expires_at AS expiresAt FROM leases WHERE id = ?',
    escapeText(id),
  )
  if (!row || row.holder === null) return undefined
  const { owner, host, bootId, pid, pidStartTime } = JSON.parse(row.holder) as LeaseHolder
  return { owner, host, bootId, pid, pidStartTime, sessionId: id, fence: row.fence, expiresAt: row.expiresAt }
}

/** The row is made anew, so its fence is greater than any that this store ever gave out. */
function replaceLease(db: Connection, id: SessionId, holder: LeaseHolder, expiresAt: number): Lease {
  const { owner, host, bootId, pid, pidStartTime } = holder
  const known = { owner, host, bootId, pid, pidStartTime }
  db.run(
    'INSERT OR REPLACE INTO leases (id, holder, expires_at) VALUES (?, ?, ?)',
    escapeText(id),
    JSON.stringify(known),
    expiresAt,
  )
  const fence = db.get<{ fence: number }>('SELECT last_insert_rowid() AS fence')?.fence as number
  return { ...known, sessionId: id, fence, expiresAt }
}

function leasedError(lease: Lease): HalterError {
  const { sessionId, host, pid } = lease
  return new HalterError(
    'ERR_SESSION_LEASED',
    `Session ${sessionId} is held by process ${pid} on ${host}. Wait until that is done with it, or take it over with steal.`,
    { data: { lease } },
  )
}
