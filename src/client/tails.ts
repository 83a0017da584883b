import type { Clock } from '../core/clock.ts';
import type { Body, Requests } from './requests.ts';
import { HubError, type Row, type Tail, type TailRows } from './types.ts';

/** Tails that go on over connections, each behind the last position that it was told. */
export interface Tails {
  start(filter: Body, onRows: (rows: TailRows) => void, onError: (error: HubError) => void): Tail;
  /** A push of the hub's. */
  pushed(body: Body): void;
  opened(): void;
  /** No connection comes any more. */
  closed(error: HubError): void;
}

const ASK_MS = 30_000;
const AGAIN_MS = 5_000;
/** What another attempt does not mend. */
const FINAL: ReadonlySet<string> = new Set(['invalid', 'forbidden', 'unknown', 'closed', 'denied']);

interface Running {
  readonly name: string;
  readonly filter: Body;
  readonly onRows: (rows: TailRows) => void;
  readonly onError: (error: HubError) => void;
  position: number | undefined;
  /** Something came: what the filter said of the beginning is over. */
  isUnderWay: boolean;
}

export function createTails(clock: Clock, requests: Requests, isOpen: () => boolean): Tails {
  const running = new Map<string, Running>();
  let names = 0;
  const end = (tail: Running, error: HubError): void => {
    if (running.delete(tail.name)) tail.onError(error);
  };
  const ask = async (tail: Running): Promise<void> => {
    const { name, filter } = tail;
    const { position: _position, last: _last, ...rest } = filter;
    const from = tail.isUnderWay ? { ...rest, position: tail.position } : filter;
    try {
      const { position } = await requests.ask('tail', { ...from, tail: name }, ASK_MS);
      if (!tail.isUnderWay && filter['last'] === undefined && typeof position === 'number') {
        tail.position = position;
        tail.isUnderWay = true;
      }
      if (!running.has(name)) leave(name);
    } catch (error) {
      const why = error instanceof HubError ? error : new HubError('failed', String(error));
      if (FINAL.has(why.code)) return end(tail, why);
      // A connection that comes asks again by itself.
      if (why.code !== 'lost') clock.timer(why.retryMs ?? AGAIN_MS, () => again(tail));
    }
  };
  const again = (tail: Running): void => {
    if (running.has(tail.name) && isOpen()) void ask(tail);
  };
  const leave = (name: string): void => {
    if (isOpen()) requests.ask('untail', { tail: name }, ASK_MS).catch(() => {});
  };
  return {
    start(filter, onRows, onError) {
      const name = `c${++names}`;
      const tail: Running = { name, filter, onRows, onError, position: undefined, isUnderWay: false };
      running.set(name, tail);
      again(tail);
      return {
        stop() {
          if (running.delete(name)) leave(name);
        },
      };
    },
    pushed({ tail: name, rows, position, skipped }) {
      const tail = typeof name === 'string' ? running.get(name) : undefined;
      if (tail === undefined || !Array.isArray(rows) || typeof position !== 'number') return;
      tail.position = position;
      tail.isUnderWay = true;
      const left = typeof skipped === 'number' ? skipped : 0;
      if (rows.length > 0 || left > 0) tail.onRows({ rows: rows as Row[], position, skipped: left });
    },
    opened() {
      for (const tail of running.values()) void ask(tail);
    },
    closed(error) {
      for (const tail of running.values()) end(tail, error);
    },
  };
}
