import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { asError } from '../../core/result.ts';
import { prune, type Remembered, saveAll } from './remembered.ts';

export interface KeeperParts extends Remembered {
  readonly clock: Clock;
  readonly log: Log;
}

export interface Keeper {
  /** Writes what is not stored yet. */
  close(): void;
}

const MINUTE_MS = 60_000;
const PRUNE_MS = 3_600_000;
/** Behind the full minute, so that a timer that is early does not count as the minute before. */
const BEHIND_MS = 50;
/** Figures are stored in so many turns, one a minute. */
const TURNS = 10;
/** What the wall clock may run ahead of or behind the monotonic one in a minute. */
const MOST_DRIFT_MS = 2000;

/** Counts time and stores it, every minute. */
export function startKeeper(parts: KeeperParts): Keeper {
  const { clock, tracks } = parts;
  const isSteady = createSteady(clock);
  const save = createSave(parts);
  let timer: Timer | undefined;
  let turn = 0;
  // Where the clock was set, or the machine slept, nothing is known of the time since.
  const settle = (now: number): void => {
    const isKnown = isSteady();
    for (const { bars } of tracks.all()) {
      if (isKnown) bars.settle(now);
      else bars.skip(now);
    }
  };
  const tick = (): void => {
    const now = clock.now();
    settle(now);
    const minute = (Math.floor(now / MINUTE_MS) - 1) * MINUTE_MS;
    for (const { figures } of tracks.all()) figures.sample(minute);
    save((turn = (turn + 1) % TURNS));
    timer = clock.timer(untilNext(clock.now()), tick);
  };
  timer = clock.timer(untilNext(clock.now()), tick);
  return {
    close() {
      timer?.cancel();
      settle(clock.now());
      save(undefined);
    },
  };
}

/** Not less than half a minute: each minute is counted once. */
function untilNext(now: number): number {
  const left = MINUTE_MS - (now % MINUTE_MS) + BEHIND_MS;
  return left < MINUTE_MS / 2 ? left + MINUTE_MS : left;
}

/** Stores, and forgets what is too old. Says once that it cannot be done, and once that it can again. */
function createSave({ log, clock, ...remembered }: KeeperParts): (turn: number | undefined) => void {
  let isTroubled = false;
  let prunedAt = clock.now();
  return (turn) => {
    const now = clock.now();
    try {
      if (Math.abs(now - prunedAt) >= PRUNE_MS) {
        prune(remembered, now);
        prunedAt = now;
      }
      saveAll(remembered, { now, turn, turns: TURNS });
      if (isTroubled) log.info('the board is stored again');
      isTroubled = false;
    } catch (error) {
      if (!isTroubled) log.warn('cannot store the board', { error: asError(error).message });
      isTroubled = true;
    }
  };
}

/** Tells whether both clocks went alike since it was last asked. */
function createSteady(clock: Clock): () => boolean {
  let [wall, monotonic] = [clock.now(), clock.monotonic()];
  return () => {
    const [wallNow, monotonicNow] = [clock.now(), clock.monotonic()];
    const drift = wallNow - wall - (monotonicNow - monotonic);
    [wall, monotonic] = [wallNow, monotonicNow];
    return Math.abs(drift) < MOST_DRIFT_MS;
  };
}
