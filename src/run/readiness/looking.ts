import type { Clock } from '../../core/clock.ts';
import type { SignWatch } from './sign-watch.ts';

/** How a probe is paced. */
export interface Pace {
  /** Milliseconds from the end of a look to the next; the first ones follow more quickly. */
  readonly everyMs: number;
  /** One look takes no longer. */
  readonly timeoutMs: number;
}

/** One look: undefined where the sign is there, else what was seen instead. Ends soon after `signal` aborts; never rejects. */
export type Look = (signal: AbortSignal) => Promise<string | undefined>;

/** The pause after the first look; it doubles up to `everyMs`, since most programs are up within a second. */
const FIRST_PAUSE_MS = 25;

/** Looks again and again until the sign is there. */
export function lookUntilSeen(look: Look, pace: Pace, clock: Clock, seen: () => void): SignWatch {
  const over = new AbortController();
  let missing = 'it was not looked at yet';
  const run = async (): Promise<void> => {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const trouble = await lookOnce(look, pace.timeoutMs, clock, over.signal);
      if (over.signal.aborted) return;
      if (trouble === undefined) return seen();
      missing = trouble;
      if (!(await clock.sleep(Math.min(pauseMs, pace.everyMs), over.signal))) return;
    }
  };
  void run();
  return { missing: () => missing, close: () => over.abort() };
}

async function lookOnce(
  look: Look,
  timeoutMs: number,
  clock: Clock,
  over: AbortSignal,
): Promise<string | undefined> {
  const limit = new AbortController();
  const timer = clock.timer(timeoutMs, () => limit.abort());
  try {
    const trouble = await look(AbortSignal.any([over, limit.signal]));
    return trouble !== undefined && limit.signal.aborted ? `no answer within ${timeoutMs} ms` : trouble;
  } finally {
    timer.cancel();
  }
}
