import type { RecordKind, RecordQuery, StoredRecord } from '../../core/record.ts';
import type { RecordReader } from '../../hub/store/sqlite.ts';

/** A life, as the time line tells of it: wall milliseconds. */
export interface PastLife {
  readonly id: string;
  readonly startedAt: number;
  /** When it was ready, or began where it has no way to say so; null where it never was. */
  readonly readyAt: number | null;
  /** When it ended, as far as is known; null where it may still run. */
  readonly endedAt: number | null;
}

const PAGE = 5000;

/** All records that match, page by page, in the order of the time line. */
export function* allRecords(store: RecordReader, query: RecordQuery): Generator<StoredRecord, void> {
  let after = query.after ?? 0;
  for (;;) {
    const page = store.query({ ...query, after, limit: PAGE, take: 'oldest' });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.seq;
  }
}

/** Of the daemon's own notes this one begins a daemon: no life is older than it. */
const DAEMON_BEGAN = /^vahti .* began /;
const LIFE_KINDS: readonly RecordKind[] = ['start', 'exit', 'flip', 'note'];

/**
 * The lives of a service, oldest first.
 * @param saysReady it has a way to say that it is ready.
 * @param until wall milliseconds: what happened up to then.
 */
export function pastLives(
  store: RecordReader,
  service: string,
  saysReady: boolean,
  until: number,
): readonly PastLife[] {
  const lives: { -readonly [K in keyof PastLife]: PastLife[K] }[] = [];
  const end = (at: number, id?: string): void => {
    for (const life of lives)
      if (life.endedAt === null && (id === undefined || life.id === id)) life.endedAt = at;
  };
  const query = { services: [service, ''], kinds: LIFE_KINDS, until: (until + 1) * 1000 };
  for (const { kind, life: id, time, fields, message, service: of, sender } of allRecords(store, query)) {
    const at = Math.floor(time / 1000);
    if (of === '') {
      if (kind === 'note' && sender === 'daemon' && DAEMON_BEGAN.test(message)) end(at);
    } else if (kind === 'start') {
      end(at);
      lives.push({ id, startedAt: at, readyAt: saysReady ? null : at, endedAt: null });
    } else if (kind === 'exit') end(at, id);
    else if (fields?.['subject'] === 'ready' && fields['to'] === 'ready') {
      const life = lives.find((each) => each.id === id);
      if (life !== undefined) life.readyAt = at;
    }
  }
  return lives;
}
