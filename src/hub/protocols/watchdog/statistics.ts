import type { Clock } from '../../../core/clock.ts';
import { type Database, number, text, transaction } from '../../../core/sqlite.ts';

/** Numbers that watchdogs submit of their devices: at most one an hour of each device and statistic. */
export interface Statistics {
  /** @returns false where the last one is less than an hour old, or the watchdog has too many devices. */
  submit(entry: Statistic): boolean;
  /** Over all watchdogs: how many there are, and what was submitted in the last 24 hours. */
  summary(): Readonly<Record<string, number>>;
  /** `[agent, device, statistic, value]` of the last hours. */
  ofAgents(agents: readonly string[] | undefined, hours: number): readonly (readonly unknown[])[];
}

export interface Statistic {
  readonly agent: string;
  /** Whose account: its number, or the agent's name. */
  readonly uid: string;
  readonly device: number;
  readonly statistic: StatisticName;
  readonly value: number;
}

export const STATISTICS = ['traffic', 'DDoS'] as const;
export type StatisticName = (typeof STATISTICS)[number];

export const MOST_HOURS = 672;
const HOUR_MS = 3_600_000;
const MOST_DEVICES = 1000;
const MOST_ROWS = 100_000;

export function createStatistics(db: Database, clock: Clock): Statistics {
  const count = (sql: string, values: readonly (string | number)[] = []): number =>
    db.get({ n: number }, sql, values)?.n ?? 0;
  return {
    submit({ agent, uid, device, statistic, value }) {
      const now = clock.now();
      const last = count(
        'SELECT ifnull(max(time), 0) AS n FROM statistics WHERE agent = ? AND device = ? AND statistic = ?',
        [agent, device, statistic],
      );
      if (now - last < HOUR_MS) return false;
      const isNew =
        count('SELECT count(*) AS n FROM devices WHERE agent = ? AND device = ?', [agent, device]) === 0;
      if (isNew && count('SELECT count(*) AS n FROM devices WHERE agent = ?', [agent]) >= MOST_DEVICES)
        return false;
      transaction(db, () => {
        db.run('DELETE FROM statistics WHERE time < ?', [now - MOST_HOURS * HOUR_MS]);
        db.run('INSERT OR REPLACE INTO devices (agent, device, uid) VALUES (?, ?, ?)', [agent, device, uid]);
        db.run(
          'INSERT OR REPLACE INTO statistics (agent, device, statistic, time, value) VALUES (?, ?, ?, ?, ?)',
          [agent, device, statistic, now, value],
        );
      });
      return true;
    },
    summary() {
      const sums = db.all(
        { statistic: text, sum: number },
        'SELECT statistic, sum(value) AS sum FROM statistics WHERE time >= ? GROUP BY statistic',
        [clock.now() - 24 * HOUR_MS],
      );
      return {
        clients: count('SELECT count(DISTINCT agent) AS n FROM devices'),
        uids: count('SELECT count(DISTINCT uid) AS n FROM devices'),
        devices: count('SELECT count(*) AS n FROM devices'),
        ...Object.fromEntries(sums.map(({ statistic, sum }) => [statistic, sum])),
      };
    },
    ofAgents(agents, hours) {
      const since = clock.now() - hours * HOUR_MS;
      const wanted = agents === undefined ? null : JSON.stringify(agents);
      return db
        .all(
          { agent: text, device: number, statistic: text, value: number },
          `SELECT agent, device, statistic, value FROM statistics
           WHERE time >= ? AND (? IS NULL OR agent IN (SELECT value FROM json_each(?))) ORDER BY time LIMIT ${MOST_ROWS}`,
          [since, wanted, wanted],
        )
        .map(({ agent, device, statistic, value }) => [agent, device, statistic, value]);
    },
  };
}
