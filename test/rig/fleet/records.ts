import type { Entry } from '../../../src/client/index.ts';
import type { RecordKind } from '../../../src/core/record.ts';
import type { FleetAgent } from './fleet.ts';
import type { Random } from './random.ts';

/** Records that are made up: mostly log lines, and of each other kind some. */

const LINES: readonly (readonly [level: number, message: string])[] = [
  [9, 'GET /api/items 200 in 12 ms'],
  [9, 'took 312 events of 1 s'],
  [9, 'wrote data/firehose/2026-11-22/20261122T18.ndjson'],
  [5, 'cache: 4711 hits, 12 misses'],
  [9, '\u001B[32mlistening\u001B[39m on 127.0.0.1:8080'],
  [13, 'slow query: 1.2 s: select * from items where owner = $1'],
  [
    17,
    'Error: connect ECONNREFUSED 10.0.4.7:5432\n    at connect (/srv/app.js:10:3)\n    at run (/srv/app.js:20:3)',
  ],
  [9, `a line that somebody made very long: ${'abcdefghij '.repeat(60)}`],
];

const OTHERS: readonly (readonly [kind: RecordKind, level: number, sender: string, message: string])[] = [
  ['flip', 17, 'errors', 'errors is bad: 7 records at error within 5 m'],
  ['flip', 9, 'errors', 'errors is ok again after 4 m'],
  ['start', 9, 'daemon', 'started: the watch errors is bad (start 2 of at most 12 in 10 m)'],
  ['exit', 17, 'daemon', 'exited with code 1 after 3 s'],
  ['action', 9, 'daemon', 'restart, asked for by ada via hub: deploy of 1.4.2'],
  ['notification', 17, 'notify', 'to ops: errors is bad: 7 records at error within 5 m'],
  ['delivery', 9, 'ops', 'ops took it after 0.9 s'],
  ['gap', 13, 'collector', 'events 7000012 to 7000200 are missing: the relay closed the connection'],
  ['note', 13, 'daemon', 'slow lane: 12 starts within 10 m'],
];

/** @param time wall milliseconds. */
export function madeUpRecord(of: FleetAgent, time: number, random: Random): Entry {
  const service = of.services.length === 0 ? undefined : random.of(of.services);
  const job = of.jobs.length === 0 ? undefined : random.of(of.jobs);
  if (job !== undefined && random.next() < 0.02) {
    const about = {
      service: `job/${job.name}`,
      life: job.last?.run ?? '',
      kind: 'job' as const,
      sender: job.name,
    };
    return {
      ...about,
      time,
      level: 9,
      message: 'done within 4 m: 24 files, 1.2 GiB → 180 MiB',
      fields: { files: 24 },
    };
  }
  const about = { service: service?.name ?? 'vahti', life: service?.life ?? '', time };
  if (random.next() < 0.03) {
    const [kind, level, sender, message] = random.of(OTHERS);
    return {
      ...about,
      kind,
      level,
      sender,
      message,
      fields: { why: 'deploy of 1.4.2', attempt: random.below(9) },
    };
  }
  const [level, message] = random.of(LINES);
  const sender = level >= 17 ? 'stderr' : 'stdout';
  const fields =
    random.next() < 0.3
      ? { fields: { http: { status: 200, path: '/api/items' }, ms: random.below(900) } }
      : {};
  return { ...about, kind: 'log', level, sender, message, ...fields };
}
