import type { Clock } from '../../core/clock.ts';
import type { Bell } from '../store/sqlite-follow.ts';
import type { Pumped } from '../blocks/pump.ts';
import type { HubFilter } from '../blocks/query.ts';
import type { Followed } from '../blocks/read-behind.ts';
import type { ReaderCall, ReaderValues } from './messages.ts';
import type { Thread } from './thread.ts';

/**
 * Following the store: those who are at its end share one reader, which unpacks what comes once for all of them. Whoever is further
 * back, or is slow, reads from the store by himself until he is at the end: nothing queues up for anybody.
 */
export interface Following {
  /**
   * What matches behind a position, page by page, then what comes, until the signal aborts. Also pages without rows come, so that the
   * position is known. @throws RefusedError for a filter that cannot be used.
   */
  follow(filter: HubFilter, position: number, signal: AbortSignal): AsyncGenerator<Followed>;
  /** How many match behind a position, up to another. */
  countBehind(filter: HubFilter, position: number, upTo: number): Promise<number>;
}

/** Rows of a page; how long a read may take; what comes within some time is handed over together. */
const PAGE_ROWS = 500;
const PIECE_MS = 50;
const TOGETHER_MS = 50;
const LEAST_REST_MS = 5;
/** Records behind the end that are soon looked at for all. */
const NEAR = 10_000;
/** After this long somebody who follows learns his position, though nothing for him came. */
const QUIET_MS = 10_000;

/** Somebody at the end of the store. */
interface Waiter {
  at: number;
  readonly since: number;
  /** Undefined: he has to read by himself. */
  readonly resolve: (page: Followed | undefined) => void;
}

export function createFollowing(
  reader: () => Thread<ReaderCall>,
  position: () => number,
  { bell, clock }: { readonly bell: Bell; readonly clock: Clock },
): Following {
  const line = createLine(reader, position, { bell, clock });
  let tails = 0;
  return {
    async *follow(filter, from, signal) {
      if (bell.closed) return;
      const tail = ++tails;
      await reader().ask({ what: 'watch', tail, filter });
      try {
        for (let at = from; !signal.aborted && !bell.closed; ) {
          const isBehind = at < line.position();
          const page: Followed | undefined = isBehind
            ? await reader().ask({
                what: 'behind',
                filter,
                position: at,
                upTo: line.position(),
                limit: PAGE_ROWS,
                ms: PIECE_MS,
              })
            : await line.next(tail, at, signal);
          if (page === undefined) continue;
          at = page.position;
          yield page;
        }
      } finally {
        // A thread that is gone says so by itself.
        reader()
          .ask({ what: 'unwatch', tail })
          .catch(() => {});
      }
    },
    async countBehind(filter, from, upTo) {
      let count = 0;
      for (let at = from; at < upTo && !bell.closed; ) {
        const piece: ReaderValues['countBehind'] = await reader().ask({
          what: 'countBehind',
          filter,
          position: at,
          upTo,
          ms: PIECE_MS,
        });
        count += piece.count;
        at = piece.position;
      }
      return count;
    },
  };
}

/** The end of the store, for all who are there. */
interface Line {
  /** Up to here all who wait were served. */
  position(): number;
  /** The next page for somebody who is at this position, or further; undefined where he has to look by himself. */
  next(tail: number, at: number, signal: AbortSignal): Promise<Followed | undefined>;
}

function createLine(
  reader: () => Thread<ReaderCall>,
  position: () => number,
  { bell, clock }: { readonly bell: Bell; readonly clock: Clock },
): Line {
  const waiting = new Map<number, Waiter>();
  let served = 0;
  let isRunning = false;
  const release = (): void => {
    for (const { resolve } of waiting.values()) resolve(undefined);
  };
  const run = async (): Promise<void> => {
    const never = new AbortController();
    while (waiting.size > 0 && !bell.closed) {
      if (served >= position()) {
        await bell.wait(never.signal);
        continue;
      }
      const [begun, upTo] = [clock.monotonic(), position()];
      const pumped: Pumped = await reader().ask({ what: 'pump', position: served, upTo, ms: PIECE_MS });
      served = pumped.position;
      for (const [tail, waiter] of waiting) serve(tail, waiter, pumped, clock.monotonic());
      // Meanwhile those who read by themselves can come up.
      if (served >= upTo) await clock.sleep(Math.max(LEAST_REST_MS, begun + TOGETHER_MS - clock.monotonic()));
    }
  };
  return {
    position: () => served,
    next(tail, at, signal) {
      // Nobody is served: it goes on from whoever comes first, where he is not too far back for others to wait for him.
      if (!isRunning) served = position() - at > NEAR ? position() : at;
      if (at < served) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const settle = (page: Followed | undefined): void => {
          waiting.delete(tail);
          signal.removeEventListener('abort', over);
          resolve(page);
        };
        const over = (): void => settle(undefined);
        waiting.set(tail, { at, since: clock.monotonic(), resolve: settle });
        signal.addEventListener('abort', over, { once: true });
        if (signal.aborted || bell.closed) return over();
        if (isRunning) return;
        isRunning = true;
        run()
          // A thread that is gone says so by itself.
          .catch(() => {})
          .finally(() => {
            isRunning = false;
            release();
          });
      });
    },
  };
}

function serve(tail: number, waiter: Waiter, pumped: Pumped, now: number): void {
  const { at } = waiter;
  // Who came while this was read was not looked for in it.
  if (tail > pumped.newest || pumped.late.includes(tail)) return waiter.resolve(undefined);
  const rows = (pumped.hits.get(tail) ?? [])
    .map((place) => pumped.rows[place])
    .filter((row) => row !== undefined && row.position > at) as Pumped['rows'];
  const position = Math.max(at, pumped.position);
  if (rows.length > 0 || now - waiter.since >= QUIET_MS) return waiter.resolve({ rows, position });
  waiter.at = position;
}
