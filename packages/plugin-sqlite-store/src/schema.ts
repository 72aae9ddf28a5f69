/** Marks a file as ours: "hltr". */
export const APPLICATION_ID = 0x686c7472

/**
 * Each brings a file one version up; `user_version` counts those that ran. A published one is never changed, only followed.
 *
 * Texts that may hold any JavaScript string (ids, titles, metadata) are stored as the inside of a JSON string literal, since
 * SQLite's UTF-8 has no lone surrogates and its functions stop at NUL.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- AUTOINCREMENT: a number that came again could show a slow reader somebody else's events.
  CREATE TABLE sessions (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE,                 -- NULL: deleted, and kept because forks replay its events
    id_crc INTEGER NOT NULL,        -- a damaged index must not lead to another session
    parent TEXT,
    status TEXT NOT NULL,
    title TEXT NOT NULL,            -- in lower case
    working_dir TEXT NOT NULL,
    updated_at REAL NOT NULL,
    summary TEXT NOT NULL,
    crc INTEGER NOT NULL,           -- of summary
    fork_of INTEGER,                -- whose events 1 to fork_at are this one's too
    fork_at INTEGER,
    commit_id TEXT,                 -- of a commit without events, while the head is still commit_head
    commit_head INTEGER
  ) STRICT;
  CREATE INDEX sessions_by_activity ON sessions (updated_at, no) WHERE id IS NOT NULL;
  CREATE INDEX sessions_by_parent ON sessions (parent, updated_at) WHERE parent IS NOT NULL;
  CREATE INDEX sessions_by_origin ON sessions (fork_of) WHERE fork_of IS NOT NULL;

  CREATE TABLE metadata (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    session_no INTEGER NOT NULL,
    PRIMARY KEY (key, value, session_no)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX metadata_by_session ON metadata (session_no);

  -- In order of commit, so that appends of all sessions meet on the last page and "what came after" is one range.
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    session_no INTEGER NOT NULL,    -- 0: keeps the position of a deleted event from coming again
    seq INTEGER NOT NULL,
    payload TEXT NOT NULL,          -- the event's JSON without sessionId and seq
    crc INTEGER NOT NULL,           -- of payload, begun at session_no and seq
    commit_id TEXT                  -- on the last event of a commit
  ) STRICT;
  CREATE UNIQUE INDEX events_by_session ON events (session_no, seq);

  CREATE TABLE checkpoints (
    session_no INTEGER PRIMARY KEY,
    checkpoint TEXT NOT NULL,
    crc INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE blobs (
    sha256 TEXT NOT NULL UNIQUE,
    content TEXT NOT NULL,
    added REAL NOT NULL             -- milliseconds since the epoch
  ) STRICT;
  CREATE INDEX blobs_by_age ON blobs (added, sha256);

  CREATE TABLE blob_references (
    sha256 TEXT NOT NULL,
    session_no INTEGER NOT NULL,
    PRIMARY KEY (sha256, session_no)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX blob_references_by_session ON blob_references (session_no);

  -- One row per session that was ever leased, made anew for each holder: AUTOINCREMENT makes fences grow.
  CREATE TABLE leases (
    fence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    holder TEXT,                    -- JSON; NULL: given back
    expires_at REAL NOT NULL
  ) STRICT;

  CREATE TABLE key_values (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    expires REAL                    -- milliseconds since the epoch
  ) STRICT, WITHOUT ROWID;

  -- A process that has written and not closed yet. One that is not alive any more did not close.
  CREATE TABLE writers (
    token TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]
