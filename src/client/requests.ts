import type { Clock, Timer } from '../core/clock.ts';
import { errorOf } from '../wire/hub/frames.ts';
import { HubError } from './types.ts';

export type Body = Readonly<Record<string, unknown>>;

/** Requests that wait for a connection, or for their answers. */
export interface Requests {
  /** Sent once: a request whose connection goes is rejected, since nobody knows whether it was done. */
  ask(action: string, body: Body, timeoutMs: number): Promise<Body>;
  answered(frame: { readonly id: unknown; readonly success: boolean; readonly body: Body }): void;
  /** There is a connection: what waits for one is sent. */
  opened(): void;
  /** The connection is gone. @param all also those that were not sent. */
  lost(error: HubError, all: boolean): void;
}

const MOST_WAITING = 1_000;

interface Pending {
  readonly text: string;
  readonly resolve: (body: Body) => void;
  readonly reject: (error: HubError) => void;
  readonly timer: Timer;
  isSent: boolean;
}

/** @param send false where there is no connection. */
export function createRequests(clock: Clock, send: (text: string) => boolean): Requests {
  const pending = new Map<string, Pending>();
  let lastId = 0;
  const take = (id: string): Pending | undefined => {
    const found = pending.get(id);
    pending.delete(id);
    found?.timer.cancel();
    return found;
  };
  return {
    ask(action, body, timeoutMs) {
      if (pending.size >= MOST_WAITING)
        return Promise.reject(new HubError('full', `cannot ask ${action}: ${MOST_WAITING} requests wait`));
      const id = `r${++lastId}`;
      return new Promise((resolve, reject) => {
        const timer = clock.timer(timeoutMs, () => {
          const isSent = take(id)?.isSent === true;
          const why = isSent ? 'no answer' : 'no connection';
          reject(new HubError('timeout', `cannot ${action}: ${why} within ${timeoutMs} ms`));
        });
        const text = JSON.stringify({ ...body, action, id });
        pending.set(id, { text, resolve, reject, timer, isSent: send(text) });
      });
    },
    answered({ id, success, body }) {
      const found = typeof id === 'string' ? take(id) : undefined;
      if (found === undefined) return;
      if (success) {
        const { action: _action, id: _id, success: _success, ...rest } = body;
        return found.resolve(rest);
      }
      const { code, message, retryMs } = errorOf(body);
      found.reject(new HubError(code, message, retryMs));
    },
    opened() {
      for (const each of pending.values()) if (!each.isSent) each.isSent = send(each.text);
    },
    lost(error, all) {
      for (const [id, each] of pending) if (all || each.isSent) take(id)?.reject(error);
    },
  };
}
