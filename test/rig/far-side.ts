import type { Channel, DeliveryOutcome, Notice, NoticeItem } from '../../src/core/channel.ts';
import type { FakeClock } from './fake-clock.ts';

/** Far sides of notifications, that fail in every way. */

/** How a far side behaves. `lost`: it takes the message, but nobody hears of that. `mute`: it never answers, whatever the signal says. */
export type Mood = 'yes' | 'no' | 'never' | 'slow' | 'busy' | 'lost' | 'hang' | 'mute' | 'throws';

export interface Taken {
  readonly at: number;
  readonly notice: Notice;
}

/** One far side: what it took, and how it behaves. */
export interface FarSide extends Channel {
  mood: Mood;
  readonly taken: Taken[];
  /** All tries, whatever came of them. */
  readonly tries: Taken[];
  /** Tries of one process at the same time, the most there ever were. */
  readonly most: number;
  /** Another process begins: what the last one was trying is nobody's any more. */
  renew(): void;
}

const SLOW_MS = 20_000;
export const BUSY_MS = 120_000;

export function createFarSide(clock: FakeClock): FarSide {
  const tries: Taken[] = [];
  const taken: Taken[] = [];
  let now = 0;
  let life = 0;
  const answer = async (notice: Notice, signal: AbortSignal): Promise<DeliveryOutcome> => {
    const yes = (): DeliveryOutcome => {
      taken.push({ at: clock.now(), notice });
      return { kind: 'delivered', detail: `took ${notice.id}` };
    };
    const failed = (retry: boolean, more: object = {}): DeliveryOutcome => ({
      kind: 'failed',
      reason: 'cannot deliver: refused',
      retry,
      ...more,
    });
    switch (side.mood) {
      case 'yes':
        return yes();
      case 'no':
        return failed(true);
      case 'never':
        return failed(false);
      case 'busy':
        return failed(true, { retryAfterMs: BUSY_MS });
      case 'slow':
        return (await clock.sleep(SLOW_MS, signal)) ? yes() : failed(true);
      case 'lost':
        yes();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return failed(true);
      case 'hang':
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return failed(true);
      case 'mute':
        return new Promise(() => {});
      case 'throws':
        throw new Error('a bug');
    }
  };
  const side = {
    mood: 'yes' as Mood,
    taken,
    tries,
    most: 0,
    renew() {
      life += 1;
      now = 0;
    },
    async send(notice: Notice, signal: AbortSignal) {
      tries.push({ at: clock.now(), notice });
      // Who never answers is left behind: no later try waits for that.
      if (side.mood === 'mute') return answer(notice, signal);
      side.most = Math.max(side.most, (now += 1));
      const own = life;
      try {
        return await answer(notice, signal);
      } finally {
        if (own === life) now -= 1;
      }
    },
  };
  return side;
}

/** What was taken, each message once, in words. */
export function inWords(taken: readonly Taken[]): readonly string[] {
  const seen = new Set<string>();
  return taken.flatMap(({ notice }) => {
    if (seen.has(notice.id)) return [];
    seen.add(notice.id);
    return [`${notice.event}: ${notice.items.map(itemWords).join(', ')}`];
  });
}

function itemWords({ service, subject, state, since, until }: NoticeItem): string {
  const lasted = until === null ? '' : ` for ${(until - since) / 1000}s`;
  return `${service} ${subject} ${state}${lasted}`;
}
