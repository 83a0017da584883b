/**
 * The tables of a pipeline's ledger in SQLite. A file is one content of one name; a task is one thing that a step has to do; a run is
 * one attempt at it. What waits is found by partial indexes: with 100,000 tasks of the past, claiming one costs the same.
 */
const FILES = `
  CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    path TEXT NOT NULL,
    rev INTEGER NOT NULL,
    state TEXT NOT NULL,
    ino TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns TEXT NOT NULL,
    sha256 TEXT,
    first_seen INTEGER NOT NULL,
    due INTEGER,
    why TEXT,
    settled_at INTEGER,
    ended INTEGER,
    task INTEGER,
    version INTEGER,
    complete INTEGER NOT NULL DEFAULT 1,
    open INTEGER NOT NULL DEFAULT 0,
    bad INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE UNIQUE INDEX file_name ON file (kind, origin, path, rev);
  CREATE UNIQUE INDEX file_current ON file (path) WHERE kind = 'product' AND state = 'current';
  CREATE INDEX file_path ON file (path);
  CREATE INDEX file_state ON file (kind, state, id);
  CREATE INDEX file_ended ON file (ended) WHERE kind = 'inbox' AND ended IS NOT NULL;
  CREATE INDEX file_task ON file (task) WHERE task IS NOT NULL;
  CREATE TABLE file_tally (inbox TEXT NOT NULL, state TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (inbox, state)) STRICT, WITHOUT ROWID;
  CREATE TRIGGER file_added AFTER INSERT ON file WHEN new.kind = 'inbox' BEGIN
    INSERT INTO file_tally VALUES (new.origin, new.state, 1)
      ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER file_moved AFTER UPDATE OF state ON file WHEN new.kind = 'inbox' AND new.state <> old.state BEGIN
    UPDATE file_tally SET count = count - 1 WHERE inbox = old.origin AND state = old.state;
    INSERT INTO file_tally VALUES (new.origin, new.state, 1)
      ON CONFLICT DO UPDATE SET count = count + 1;
  END;`;

const TASKS = `
  CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    step TEXT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    due INTEGER,
    lock TEXT,
    priority INTEGER NOT NULL,
    level INTEGER NOT NULL,
    ord INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL,
    most INTEGER NOT NULL,
    inputs INTEGER NOT NULL,
    vars TEXT NOT NULL,
    version INTEGER NOT NULL,
    step_hash TEXT NOT NULL,
    created INTEGER NOT NULL,
    started INTEGER,
    ended INTEGER,
    exit TEXT,
    error TEXT
  ) STRICT;
  CREATE INDEX task_ready ON task (step, priority DESC, ord, id) WHERE state = 'ready';
  CREATE INDEX task_suspect ON task (id) WHERE crashes > 1 AND state IN ('ready', 'running', 'installing');
  CREATE INDEX task_due ON task (due) WHERE state IN ('gathering', 'retry', 'deferred');
  CREATE INDEX task_open ON task (step, key) WHERE open = 1;
  CREATE INDEX task_live ON task (lock) WHERE state IN ('running', 'installing');
  CREATE INDEX task_bad ON task (step, id) WHERE state IN ('failed', 'parked');
  CREATE INDEX task_key ON task (step, key, version) WHERE key <> '';
  CREATE INDEX task_success ON task (ended) WHERE state IN ('done', 'warned');
  CREATE TABLE tally (step TEXT NOT NULL, state TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (step, state)) STRICT, WITHOUT ROWID;
  CREATE TRIGGER task_added AFTER INSERT ON task BEGIN
    INSERT INTO tally VALUES (new.step, new.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER task_moved AFTER UPDATE OF state ON task WHEN new.state <> old.state BEGIN
    UPDATE tally SET count = count - 1 WHERE step = old.step AND state = old.state;
    INSERT INTO tally VALUES (new.step, new.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TABLE task_input (task INTEGER NOT NULL, file INTEGER NOT NULL, PRIMARY KEY (task, file)) STRICT, WITHOUT ROWID;
  CREATE INDEX task_input_file ON task_input (file);
  CREATE TABLE task_root (task INTEGER NOT NULL, root INTEGER NOT NULL, PRIMARY KEY (task, root)) STRICT, WITHOUT ROWID;
  CREATE INDEX task_root_root ON task_root (root);
  CREATE TABLE run (
    task INTEGER NOT NULL, fence INTEGER NOT NULL, attempt INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER,
    outcome TEXT, exit TEXT, error TEXT, log TEXT, version INTEGER NOT NULL, step_hash TEXT NOT NULL,
    PRIMARY KEY (task, fence)) STRICT, WITHOUT ROWID;
  CREATE TABLE install (
    task INTEGER NOT NULL, path TEXT NOT NULL, temp TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    complete INTEGER NOT NULL, PRIMARY KEY (task, path)) STRICT, WITHOUT ROWID;
  CREATE TABLE mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`;

/** Products that are called otherwise while they may still grow: `final` is the name of the complete one. */
const GROWING = `
  ALTER TABLE file ADD COLUMN final TEXT;
  CREATE INDEX file_final ON file (origin, final) WHERE final IS NOT NULL;
  CREATE INDEX file_growing ON file (origin, first_seen) WHERE kind = 'product' AND state = 'current' AND complete = 0;
  ALTER TABLE install ADD COLUMN final TEXT;
  ALTER TABLE install ADD COLUMN removes TEXT NOT NULL DEFAULT '[]';`;

/** What waits in an inbox is read by its time, some at once: not all of it fits into memory. */
const DUE = `
  CREATE INDEX file_due ON file (origin, due)
    WHERE kind = 'inbox' AND state IN ('settling', 'waiting') AND due IS NOT NULL;`;

/** Counts are of all that ever was, but for what people have to look at: of that nothing is left when it is forgotten. */
const FORGETTING = `
  ALTER TABLE file ADD COLUMN missed INTEGER;
  CREATE TRIGGER task_forgotten AFTER DELETE ON task WHEN old.state IN ('failed', 'parked') BEGIN
    UPDATE tally SET count = count - 1 WHERE step = old.step AND state = old.state;
  END;
  CREATE TRIGGER file_forgotten AFTER DELETE ON file
    WHEN old.kind = 'inbox' AND old.state IN ('failed', 'partial', 'parked', 'seen', 'settling', 'waiting') BEGIN
    UPDATE file_tally SET count = count - 1 WHERE inbox = old.origin AND state = old.state;
  END;`;

/** Which programs a run was made with. */
const TOOLS = 'ALTER TABLE run ADD COLUMN tool TEXT;';

/** Since when a file is failed: other work on it, which leaves it so, does not move that as it moves `ended`. */
const FAILED = `
  ALTER TABLE file ADD COLUMN failed_at INTEGER;
  UPDATE file SET failed_at = ended WHERE kind = 'inbox' AND state IN ('failed', 'partial', 'parked');
  CREATE INDEX file_failed ON file (failed_at) WHERE failed_at IS NOT NULL;`;

/** Migration i takes a ledger from version i to i + 1. */
export const MIGRATIONS = [`${FILES}${TASKS}`, GROWING, DUE, FORGETTING, TOOLS, FAILED] as const;
