/** What the outbox file is made of. Bodies are JSON: what is not looked for by SQL needs no column. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
   CREATE TABLE incident (
     id TEXT PRIMARY KEY,
     service TEXT NOT NULL,
     since INTEGER NOT NULL,
     until INTEGER,
     settled INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX incident_unsettled ON incident (since) WHERE settled = 0;
   CREATE INDEX incident_until ON incident (until);
   CREATE TABLE telling (
     incident TEXT NOT NULL,
     channel TEXT NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (incident, channel)
   ) STRICT, WITHOUT ROWID;
   -- The first delivered notice of an incident: what follows refers to it.
   CREATE TABLE thread (
     incident TEXT NOT NULL,
     channel TEXT NOT NULL,
     thread TEXT NOT NULL,
     PRIMARY KEY (incident, channel)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE outbox (
     id TEXT PRIMARY KEY,
     channel TEXT NOT NULL,
     state TEXT NOT NULL,
     place INTEGER NOT NULL,
     at INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE INDEX outbox_pending ON outbox (channel, place) WHERE state = 'pending';
   CREATE INDEX outbox_at ON outbox (at);
   CREATE TABLE channel (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;`,
];
