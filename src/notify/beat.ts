import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { asError } from '../core/result.ts';

const TIMEOUT_MS = 10_000;

export interface BeatOptions {
  /** May hold a secret: it is never shown. */
  readonly url: string;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** What is not well with the daemon itself, in words; empty where everything is. */
  readonly unwell: () => string;
}

/**
 * Asks for an address again and again, as long as the daemon's own parts are well: somebody else, to whom the beat is missing, watches
 * the watcher. A beat that fails is only logged: whoever waits for it notices. Lasts until the signal aborts.
 */
export async function runBeat(
  { url, everyMs, clock, log, unwell }: BeatOptions,
  signal: AbortSignal,
): Promise<void> {
  let trouble = '';
  let due = clock.monotonic();
  while (!signal.aborted) {
    const ill = unwell();
    const found = ill === '' ? await beatOnce(url, clock, signal) : `cannot beat: ${ill}`;
    if (found !== trouble && !signal.aborted) {
      if (found === '') log.info('the beat goes out again');
      else log.warn(found);
      trouble = found;
    }
    due = Math.max(due + everyMs, clock.monotonic());
    await clock.sleep(due - clock.monotonic(), signal);
  }
}

/** Empty where the far side took it, else why not. */
async function beatOnce(url: string, clock: Clock, signal: AbortSignal): Promise<string> {
  // Not loaded before it is needed: 6 MB of every daemon.
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('../core/http.ts'));
  const deadline = new AbortController();
  const timer = clock.timer(TIMEOUT_MS, () => deadline.abort());
  const both = AbortSignal.any([deadline.signal, signal]);
  try {
    return await new Promise<string>((resolve) => {
      const sent = request(
        url,
        { agent: false, signal: both, headers: { 'user-agent': 'vahti' } },
        (response) => {
          const { statusCode: status = 0 } = response;
          response.on('error', () => {});
          resolve(
            status >= 200 && status < 400 ? '' : `cannot beat: the far side answers with status ${status}`,
          );
          sent.destroy();
        },
      );
      sent.on('error', (error) =>
        resolve(
          deadline.signal.aborted
            ? `cannot beat: no answer within ${TIMEOUT_MS / 1000} s`
            : `cannot beat: ${reasonOf(error)}`,
        ),
      );
      sent.end();
    });
  } finally {
    timer.cancel();
  }
}

/** Without the address: a system error's message may name it. */
function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? asError(error).name;
}
