/** What a record of the time line is about. */
export const RECORD_KINDS = [
  'log',
  'flip',
  'start',
  'exit',
  'action',
  'notification',
  'delivery',
  'job',
  'gap',
  'note',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** Levels 1 to 24 as OpenTelemetry's SeverityNumber (opentelemetry.io/docs/specs/otel/logs/data-model). */
export const LEVELS = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
export type LevelName = keyof typeof LEVELS;

/** A level's short name, the lower bound of its range of four: 18 is `error`. */
export function levelName(level: number): LevelName {
  if (level >= LEVELS.fatal) return 'fatal';
  if (level >= LEVELS.error) return 'error';
  if (level >= LEVELS.warn) return 'warn';
  if (level >= LEVELS.info) return 'info';
  if (level >= LEVELS.debug) return 'debug';
  return 'trace';
}

/** One line of the time line, as it is given to a store. */
export interface RecordDraft {
  /** When it happened: integer microseconds, UTC. */
  readonly time: number;
  readonly service: string;
  /** The run of the process that it belongs to; empty where there is none. */
  readonly life: string;
  readonly kind: RecordKind;
  /** 1 to 24, see LEVELS. */
  readonly level: number;
  /** Who said it: `stdout`, `stderr`, `daemon`, a watch's name, … */
  readonly sender: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A stored record. `seq` counts up by one per agent; `agent/seq` is its id. */
export interface StoredRecord extends RecordDraft {
  readonly agent: string;
  readonly seq: number;
  /** When the store took it: integer microseconds, UTC. */
  readonly received: number;
  readonly host: string;
}

export interface RecordQuery {
  /** Only records with a `seq` above this one (a cursor for paging and following). */
  readonly after?: number;
  /** Only records with a `seq` below this one. */
  readonly before?: number;
  /** Event time, microseconds, inclusive. */
  readonly since?: number;
  /** Event time, microseconds, exclusive. */
  readonly until?: number;
  readonly services?: readonly string[];
  readonly life?: string;
  readonly kinds?: readonly RecordKind[];
  readonly senders?: readonly string[];
  /** Lowest level that is wanted. */
  readonly level?: number;
  /** Text that the message must contain; case matters not. */
  readonly text?: string;
  /** At most this many; 1 to 10,000, default 100. */
  readonly limit?: number;
  /** `newest` takes the newest that match, `oldest` the oldest; the answer is in time-line order either way. */
  readonly take?: 'newest' | 'oldest';
}

/** Where records are kept. Implementations: `hub/store/`. */
export interface RecordStore {
  /** Stores all of them or none; durable when it returns. Answers with the stored records. */
  append(records: readonly RecordDraft[]): readonly StoredRecord[];
  query(query: RecordQuery): readonly StoredRecord[];
  /** Every matching record from now on (or after `query.after`), in order, until the signal aborts. A slow reader reads from the store, so nothing queues up. */
  follow(query: RecordQuery, signal: AbortSignal): AsyncIterable<StoredRecord>;
  /** Deletes what is past its age or over the byte budget; returns how many records went. */
  prune(): number;
  close(): void;
}
