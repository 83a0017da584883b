import type { Clock } from '../../core/clock.ts';
import { asError } from '../../core/result.ts';
import type { LookRequest } from '../kind.ts';
import { span } from './judgement.ts';

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/**
 * Makes a read that can hang for ever (a dead disk, NFS) safe to repeat: it waits no longer than the signal allows, and none
 * is started while an earlier one hangs, so that one dead disk takes one thread of the pool, not all. A rejection is a reason.
 */
export function oneAtATime<T>(
  clock: Clock,
  read: (request: LookRequest) => Promise<T>,
): (request: LookRequest) => Promise<Read<T>> {
  let hangingSince: number | undefined;
  return async (request) => {
    if (hangingSince !== undefined)
      return {
        ok: false,
        reason: `the file system has not answered for ${span(clock.monotonic() - hangingSince)}`,
      };
    const startedAt = clock.monotonic();
    hangingSince = startedAt;
    const answer = read(request)
      .then(
        (value): Read<T> => ({ ok: true, value }),
        (thrown: unknown): Read<T> => ({ ok: false, reason: asError(thrown).message }),
      )
      .finally(() => {
        hangingSince = undefined;
      });
    const given = await Promise.race([answer, aborted(request.signal)]);
    return (
      given ?? {
        ok: false,
        reason: `no answer of the file system within ${span(clock.monotonic() - startedAt)}`,
      }
    );
  };
}

/** Resolves when the signal aborts. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
