import type { Clock } from '../../core/clock.ts';

/** What became of work that could hang. `left`: it was waited for no longer; `ended` is when it comes back, as it does. */
export type Patience<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'left'; readonly ended: Promise<T> };

export interface PatienceOptions {
  readonly clock: Pick<Clock, 'timer' | 'monotonic'>;
  /** How long nothing may be heard of the work, milliseconds. */
  readonly quietMs: number;
  /** Once this aborts, the work may only last as long as that. */
  readonly hurry: AbortSignal;
  readonly hurryMs: number;
}

/**
 * Waits for work that asks filesystems, which may never answer: a call into a dead one cannot be ended, only be left alone. Rejects as
 * the work does.
 * @param work says that it goes on; once its signal aborts, nobody waits for it any more.
 */
export async function patiently<T>(
  { clock, quietMs, hurry, hurryMs }: PatienceOptions,
  work: (heard: () => void, left: AbortSignal) => Promise<T>,
): Promise<Patience<T>> {
  const left = new AbortController();
  const late = Promise.withResolvers<undefined>();
  let last = clock.monotonic();
  const check = (): void => {
    const rest = last + quietMs - clock.monotonic();
    if (rest <= 0) late.resolve(undefined);
    else timer = clock.timer(rest, check);
  };
  let timer = clock.timer(quietMs, check);
  const hasten = (): void => {
    timer.cancel();
    timer = clock.timer(hurryMs, () => late.resolve(undefined));
  };
  if (hurry.aborted) hasten();
  else hurry.addEventListener('abort', hasten, { once: true });
  try {
    const running = work(() => {
      last = clock.monotonic();
    }, left.signal);
    const first = await Promise.race([running.then((value) => ({ value })), late.promise]);
    if (first !== undefined) return { kind: 'done', value: first.value };
    left.abort();
    return { kind: 'left', ended: running };
  } finally {
    timer.cancel();
    hurry.removeEventListener('abort', hasten);
  }
}
