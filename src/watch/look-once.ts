import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { asError } from '../core/result.ts';
import type { WatchSettings } from './course.ts';
import type { Reading, Watcher } from './kind.ts';
import type { Judgement, WatchedLife } from './judgement.ts';
import type { Seen } from './looks/keeping.ts';

/** A look that does not answer within so long after its signal aborted is `unknown`. */
const PATIENCE_MS = 1000;

export interface LookDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** One look: what it found, in time whatever the watcher does, and when it is really over. */
export function lookOnce(
  { watcher, settings }: { readonly watcher: Watcher; readonly settings: WatchSettings },
  life: WatchedLife,
  signal: AbortSignal,
  { clock, log }: LookDeps,
): { readonly judgement: Promise<Judgement>; readonly settled: Promise<unknown>; readonly seen: () => Seen } {
  const answered = new AbortController();
  const now = clock.now();
  let reading: Reading | undefined;
  let isLate = false;
  const keep = (given: Reading): boolean => {
    if (!isLate) reading = given;
    return !isLate;
  };
  const look = async (): Promise<Judgement> => {
    try {
      return await watcher.look({ now, life, signal, keep });
    } catch (thrown) {
      // A bug in one watch must not end the supervision of everything.
      const { message, stack } = asError(thrown);
      log.error('cannot look: a bug in a watch', { watch: settings.name, reason: message, stack });
      return { verdict: 'unknown', value: null, reason: `cannot look: ${message}` };
    } finally {
      answered.abort();
    }
  };
  const settled = look();
  const late = new Promise<Judgement>((resolve) => {
    const reason = `cannot look: no answer within ${settings.timeoutMs} ms`;
    const giveUp = async (): Promise<void> => {
      if (!(await clock.sleep(PATIENCE_MS, answered.signal))) return;
      isLate = true;
      resolve({ verdict: 'unknown', value: null, reason });
    };
    if (signal.aborted) void giveUp();
    else signal.addEventListener('abort', () => void giveUp(), { once: true });
  });
  return { judgement: Promise.race([settled, late]), settled, seen: () => ({ now, reading }) };
}
