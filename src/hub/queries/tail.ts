import type { HubFilter } from '../blocks/query.ts';
import type { HubRow } from '../blocks/row.ts';
import type { Doors } from '../server/doors.ts';
import type { HubStore } from '../threads/hub-store.ts';

/** Whom a tail is for. */
export interface TailSink {
  /**
   * Sends rows, in the order of their positions; perhaps none. @returns false where too much waits already: nothing of it was sent.
   */
  send(frame: TailFrame): boolean;
  /** Resolves when there is room again, or it is over. */
  room(): Promise<void>;
}

export interface TailFrame {
  readonly rows: readonly HubRow[];
  /** Everything up to here was sent: where to go on after a break. */
  readonly position: number;
  /** So many that match were left out before these rows, since there was no room for them for too long. */
  readonly skipped: number;
}

export interface TailQuery {
  readonly filter: HubFilter;
  readonly position: number;
  /** Which protocol, for the counters. */
  readonly protocol: string;
}

export const FRAME_ROWS = 500;
/** Units of UTF-16. */
const FRAME_TEXT = 1_048_576;
/** Somebody who was at the end, and is further behind than this now for want of room, goes on at the end. */
const MOST_BEHIND = 100_000;
const LONGEST_BEHIND_MS = 60_000;
/** So near is at the end. */
const AT_END = 5000;
/** When nothing comes, the position is told this often. */
const QUIET_MS = 10_000;

type Deps = Pick<Doors, 'store' | 'clock' | 'counters'>;

/**
 * Sends what matches behind a position, then what comes, until the signal aborts or the store closes: each row once, or counted as
 * skipped. Nothing is queued: whoever is slow reads from the store. @throws RefusedError for a filter that cannot be used.
 */
export async function runTail(
  deps: Deps,
  query: TailQuery,
  sink: TailSink,
  signal: AbortSignal,
): Promise<void> {
  const tail = createTail(deps, query, sink, signal);
  for (let isOver = false; !isOver && !signal.aborted; ) isOver = !(await tail.follow());
}

function createTail({ store, clock, counters }: Deps, query: TailQuery, sink: TailSink, signal: AbortSignal) {
  const { filter, protocol } = query;
  let at = query.position;
  let skipped = 0;
  let sentAt = clock.monotonic();
  /** When it was at the end last; undefined before it was there once. */
  let endAt: number | undefined;
  const isTooFar = (): boolean =>
    endAt !== undefined &&
    (store.position() - at > MOST_BEHIND || clock.monotonic() - endAt > LONGEST_BEHIND_MS);
  /** @returns false where it has to go on elsewhere. */
  const send = async (rows: readonly HubRow[], position: number): Promise<boolean> => {
    while (!signal.aborted) {
      if (sink.send({ rows, position, skipped })) {
        at = position;
        skipped = 0;
        sentAt = clock.monotonic();
        if (store.position() - at <= AT_END) endAt = sentAt;
        return true;
      }
      await sink.room();
      if (!isTooFar()) continue;
      const end = store.position();
      const count = await store.countBehind(filter, at, end);
      counters.count('skipped', protocol, count);
      skipped += count;
      at = end;
      endAt = clock.monotonic();
      return false;
    }
    return false;
  };
  const sendPage = async (rows: readonly HubRow[], position: number): Promise<boolean> => {
    for (let from = 0; from < rows.length; ) {
      const part = frameOf(rows, from);
      from += part.length;
      const isLast = from >= rows.length;
      if (!(await send(part, isLast ? position : (part.at(-1)?.position ?? position)))) return false;
    }
    return true;
  };
  return {
    /** @returns whether it goes on elsewhere. */
    async follow(): Promise<boolean> {
      if (skipped > 0 && !(await send([], at))) return true;
      for await (const { rows, position } of store.follow(filter, at, signal)) {
        if (rows.length > 0) {
          if (!(await sendPage(rows, position))) return true;
          continue;
        }
        at = position;
        if (store.position() - at <= AT_END) endAt = clock.monotonic();
        if (clock.monotonic() - sentAt >= QUIET_MS && !(await send([], at))) return true;
      }
      return false;
    },
  };
}

/** So many rows as are sent together: one at least. */
function frameOf(rows: readonly HubRow[], from: number): readonly HubRow[] {
  let [to, text] = [from, 0];
  while (to < rows.length && to - from < FRAME_ROWS && text < FRAME_TEXT) {
    const { message, fields } = rows[to++] as HubRow;
    text += message.length + fields.length;
  }
  return rows.slice(from, to);
}

const LAST_MS = 2000;

/** The newest few up to a position, in the order of positions: what a tail begins with. */
export async function readLast(
  store: HubStore,
  filter: HubFilter,
  last: number,
  position: number,
  signal: AbortSignal,
): Promise<readonly HubRow[]> {
  if (last === 0) return [];
  const page = await store.newest({ ...filter, limit: last }, LAST_MS, signal);
  const rows = page.ok ? page.value.rows : [];
  return rows.filter((row) => row.position <= position).toSorted((a, b) => a.position - b.position);
}

/** How many tails there may be. */
export interface TailRoom {
  /** @returns what ends it; undefined where there are too many. */
  take(key: string): (() => void) | undefined;
}

export function createTailRoom(most: number): TailRoom {
  const counts = new Map<string, number>();
  return {
    take(key) {
      const count = counts.get(key) ?? 0;
      if (count >= most) return undefined;
      counts.set(key, count + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        const left = (counts.get(key) ?? 1) - 1;
        if (left === 0) counts.delete(key);
        else counts.set(key, left);
      };
    },
  };
}
