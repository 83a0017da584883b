import { nullable, number, text } from '../../core/sqlite.ts';

/** What `access.db` consists of. Times are milliseconds since 1970. */
export const ACCESS_TABLES = [
  `CREATE TABLE agent (name TEXT PRIMARY KEY, created INTEGER NOT NULL) STRICT;
   CREATE TABLE user (
     name TEXT PRIMARY KEY, role TEXT NOT NULL, agents TEXT, password TEXT, created INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE token (
     id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, whose TEXT NOT NULL, label TEXT NOT NULL,
     file TEXT, created INTEGER NOT NULL, expires INTEGER, revoked INTEGER, used INTEGER
   ) STRICT;
   CREATE INDEX token_whose ON token (whose, kind);
   CREATE TABLE code (
     id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, whose TEXT, uses INTEGER NOT NULL,
     created INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER
   ) STRICT;
   CREATE TABLE audit (
     id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, whom TEXT NOT NULL,
     address TEXT NOT NULL, times INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX audit_time ON audit (time);`,
] as const;

export const TOKEN = {
  id: text,
  kind: text,
  whose: text,
  label: text,
  file: nullable(text),
  created: number,
  expires: nullable(number),
  revoked: nullable(number),
  used: nullable(number),
} as const;

export const CODE = {
  id: text,
  kind: text,
  whose: nullable(text),
  uses: number,
  created: number,
  expires: number,
  revoked: nullable(number),
} as const;

export const USER = {
  name: text,
  role: text,
  agents: nullable(text),
  password: nullable(text),
  created: number,
} as const;

export const AUDIT = {
  id: number,
  time: number,
  who: text,
  what: text,
  whom: text,
  address: text,
  times: number,
} as const;
