import { nullable, number, type RowOf, text } from '../../../core/sqlite.ts';

/**
 * What becomes of a file. `begun`: it is being published, or was when its run was killed. `published`, `supplement`: it lies there, proved.
 * `ignored`: what it holds lies there already, or it was left out for ever. `quarantined`: its public name has others, and it was put aside.
 * `error`: it could not be published and is tried again; so is what is `blacklisted`, when the list names it no longer.
 */
export const PUBLISH_STATES = [
  'begun',
  'published',
  'supplement',
  'ignored',
  'blacklisted',
  'quarantined',
  'error',
] as const;
export type PublishState = (typeof PUBLISH_STATES)[number];

/** One content of one source file, and what became of it. Moments are wall milliseconds. */
export interface HistoryRow {
  readonly id: number;
  /** Relative to the folder that is published. */
  readonly path: string;
  readonly level: string | null;
  readonly version: number | null;
  /** Of the source; null where it came from another history that did not know. */
  readonly sha256: string | null;
  readonly bytes: number | null;
  /** Decimal nanoseconds. */
  readonly mtimeNs: string | null;
  /** Where it lies below the target. */
  readonly publicName: string | null;
  /** Its public name before it got the number of a supplement: what others of the same name are found by. */
  readonly baseName: string | null;
  /** 0 where it is none. Of what is `quarantined`: how many supplements were allowed. */
  readonly supplement: number;
  /** Of what lies at the target: other than `sha256` where hooks changed the copy. */
  readonly sent: string | null;
  /** The name under which its copy is written, below the target, until it has its own; null where nothing is being written. */
  readonly temp: string | null;
  /** What `publicName` held before, where this content takes the place of an earlier one of the same file. */
  readonly replaces: string | null;
  readonly state: PublishState;
  readonly why: string | null;
  readonly attempts: number;
  readonly run: string;
  readonly firstAt: number;
  /** When it came to its state: of what is published, when that was. */
  readonly at: number;
  /** A later content of the file that was told of and not published; null where there is none. */
  readonly changedTo: string | null;
  readonly changedAt: number | null;
  /** Size and time that the file had then: as long as it has them, its content is that one. */
  readonly changedLook: string | null;
}

/** A row as it is written; the history gives it its number. */
export type NewRow = Omit<HistoryRow, 'id'>;

export const MIGRATIONS = [
  `CREATE TABLE item (
     id INTEGER PRIMARY KEY,
     path TEXT NOT NULL,
     level TEXT,
     version INTEGER,
     sha256 TEXT,
     bytes INTEGER,
     mtime_ns TEXT,
     public_name TEXT,
     base_name TEXT,
     supplement INTEGER NOT NULL DEFAULT 0,
     sent TEXT,
     temp TEXT,
     replaces TEXT,
     state TEXT NOT NULL,
     why TEXT,
     attempts INTEGER NOT NULL DEFAULT 0,
     run TEXT NOT NULL,
     first_at INTEGER NOT NULL,
     at INTEGER NOT NULL,
     changed_to TEXT,
     changed_at INTEGER,
     current INTEGER NOT NULL DEFAULT 1
   ) STRICT;
   CREATE UNIQUE INDEX item_current ON item (path) WHERE current = 1;
   CREATE INDEX item_path ON item (path);
   CREATE INDEX item_base ON item (base_name) WHERE current = 1;
   CREATE INDEX item_state ON item (state, at) WHERE current = 1;
   CREATE INDEX item_at ON item (at);
   CREATE INDEX item_begun ON item (id) WHERE state = 'begun';`,
  'ALTER TABLE item ADD COLUMN changed_look TEXT;',
] as const;

export const ITEM = {
  id: number,
  path: text,
  level: nullable(text),
  version: nullable(number),
  sha256: nullable(text),
  bytes: nullable(number),
  mtime_ns: nullable(text),
  public_name: nullable(text),
  base_name: nullable(text),
  supplement: number,
  sent: nullable(text),
  temp: nullable(text),
  replaces: nullable(text),
  state: text,
  why: nullable(text),
  attempts: number,
  run: text,
  first_at: number,
  at: number,
  changed_to: nullable(text),
  changed_at: nullable(number),
  changed_look: nullable(text),
} as const;
export const COLUMNS = Object.keys(ITEM).join(', ');

/** What the history holds was written here, so words are taken for what they say. */
export function readItem(row: RowOf<typeof ITEM>): HistoryRow {
  return {
    id: row.id,
    path: row.path,
    level: row.level,
    version: row.version,
    sha256: row.sha256,
    bytes: row.bytes,
    mtimeNs: row.mtime_ns,
    publicName: row.public_name,
    baseName: row.base_name,
    supplement: row.supplement,
    sent: row.sent,
    temp: row.temp,
    replaces: row.replaces,
    state: row.state as PublishState,
    why: row.why,
    attempts: row.attempts,
    run: row.run,
    firstAt: row.first_at,
    at: row.at,
    changedTo: row.changed_to,
    changedAt: row.changed_at,
    changedLook: row.changed_look,
  };
}
