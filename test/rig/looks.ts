import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { openLookHistory } from '../../src/watch/looks/history.ts';
import { openDatabase } from '../../src/core/sqlite.ts';
import { createLookKeeper, type LookKeeper } from '../../src/watch/looks/keeper.ts';
import type { KeptEvent } from '../../src/watch/looks/look.ts';
import { LOOKS_MIGRATIONS } from '../../src/watch/looks/looks-db.ts';
import type { LookLimits } from '../../src/watch/looks/prune.ts';
import { onEnd, tempFolder } from './leaks.ts';

const ALL: LookLimits = { ageMs: 1e12, bytes: 1e12 };

/** A history of looks in a file of its own. */
export interface Looks {
  readonly path: string;
  /** Opens it as a daemon does. */
  open(
    limits?: LookLimits,
  ): LookKeeper & { /** It does nothing more, as a daemon that is killed. */ kill(): void };
  /** All that is kept of a service, by watch; of a watch that looked at several things in the order in which it began. */
  read(service: string, from?: number, to?: number): Map<string, KeptEvent[]>;
}

export function createLooks(t: TestContext, clock: Clock): Looks {
  const path = join(tempFolder(t), 'looks.db');
  return {
    path,
    open(limits = ALL) {
      const opened = openDatabase(path, {
        migrations: LOOKS_MIGRATIONS,
        synchronous: 'normal',
        name: 'the history of looks',
      });
      if (!opened.ok) throw opened.error;
      const db = opened.value;
      let isDead = false;
      const mortal: Clock = { ...clock, timer: (ms, fn) => clock.timer(ms, () => void (isDead || fn())) };
      const keeper = createLookKeeper(db, { clock: mortal, log: silentLog, limits });
      const kill = (): void => {
        isDead = true;
        db.close();
      };
      onEnd(t, kill);
      return {
        open: (name, source) => keeper.open(name, source),
        flush: () => keeper.flush(),
        close: () => keeper.close(),
        kill,
      };
    },
    read(service, from = 0, to = Number.MAX_SAFE_INTEGER) {
      const opened = openLookHistory(path);
      if (!opened.ok) throw opened.error;
      const history = opened.value;
      try {
        const found = new Map<string, KeptEvent[]>();
        for (const series of history.series(service))
          found.set(series.watch, [...(found.get(series.watch) ?? []), ...history.events(series, from, to)]);
        if (history.damaged() > 0) throw new Error(`${history.damaged()} parts are damaged`);
        return found;
      } finally {
        history.close();
      }
    },
  };
}
