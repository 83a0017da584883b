/**
 * What `board.db` consists of. Times are milliseconds since 1970. `slot.data` has, for each service that something is known of, its id and
 * what a ring keeps of the slot (see ring.ts), four bytes each, little-endian; `figure.data` see columns.ts.
 */
export const BOARD_TABLES = [
  `CREATE TABLE agent (name TEXT PRIMARY KEY, heard INTEGER, since INTEGER NOT NULL, report TEXT NOT NULL) STRICT;
   CREATE TABLE service (id INTEGER PRIMARY KEY, agent TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (agent, name)) STRICT;
   CREATE TABLE slot (step INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (step, at)) STRICT;
   CREATE TABLE figure (
     service INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (service, step, at)
   ) STRICT;`,
] as const;
