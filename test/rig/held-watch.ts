import assert from 'node:assert/strict';
import { silentLog } from '../../src/core/log.ts';
import type { RecordDraft } from '../../src/core/record.ts';
import type { LastExit } from '../../src/core/runner.ts';
import type { WatchSettings } from '../../src/watch/course.ts';
import { heldUntil, type HoldSources, silencesOf } from '../../src/watch/holds.ts';
import type { Verdict } from '../../src/watch/judgement.ts';
import { HOUR_MS } from '../../src/watch/ladder.ts';
import type { Holding } from '../../src/watch/taking.ts';
import type { WatchedService } from '../../src/watch/watched-service.ts';
import { createWatching, type PersistedWatches } from '../../src/watch/watching.ts';
import { createFakeClock } from './fake-clock.ts';

export const SECOND = 1000;
export const EVERY = 10 * SECOND;
export const GRACE = 15 * SECOND;
export const LIMITS = { mostRestarts: 2, perMs: HOUR_MS, coolMs: 30 * SECOND };
export const SETTINGS: WatchSettings = {
  name: 'alive',
  kind: 'test',
  everyMs: EVERY,
  timeoutMs: 5 * SECOND,
  gate: { fail: { times: 2, of: 2 }, ok: 1, graceMs: GRACE },
  steps: [{ do: 'note' }, { do: 'restart' }, { do: 'page' }],
};
const SUBJECT = { service: 'web', watch: 'alive' };

/** What is held back, as a test says it. */
export interface Held {
  windows: { from: number; to: number }[];
  snoozedUntil: number;
  acked: boolean;
  trouble: string | undefined;
  wellSince: number;
}

/** A watch that sees what the test says of a service that gets another life when it is asked to. */
export function createHeldWatch(restored?: PersistedWatches, settings = SETTINGS) {
  const clock = createFakeClock();
  const records: RecordDraft[] = [];
  const scene = {
    see: 'ok' as Verdict,
    life: 1,
    startedAt: clock.now(),
    saved: restored,
    lastExit: null as LastExit | null,
    /** What was done, and said, at each look. */
    looks: [] as {
      readonly at: number;
      readonly life: string;
      readonly startedAt: number;
      readonly verdict: Verdict;
    }[],
  };
  const held: Held = { windows: [], snoozedUntil: 0, acked: false, trouble: undefined, wellSince: 0 };
  const ann = { why: 'work', who: 'ann', at: 0 };
  const sources: HoldSources = {
    quiet: () =>
      held.windows.map(({ from, to }) => ({
        why: 'night',
        end: (now) => (now >= from && now < to ? to : undefined),
      })),
    snoozes: () => [{ service: 'web', watch: null, until: held.snoozedUntil, ...ann }],
    acks: () => (held.acked ? [{ ...SUBJECT, ...ann }] : []),
    trouble: () => held.trouble,
  };
  const holding: Holding = {
    silence: (watch, now) => silencesOf({ ...SUBJECT, watch }, sources, now)[0],
    until: (watch, now) => heldUntil({ ...SUBJECT, watch }, sources, now),
    wellSince: () => held.wellSince,
    well: () => {
      held.acked = false;
    },
  };
  const service: WatchedService = {
    name: 'web',
    snapshot: () => ({
      state: 'running',
      wanted: true,
      ready: null,
      life: `life-${scene.life}`,
      pid: 42,
      startedAt: scene.startedAt,
      readyAt: null,
      lastExit: scene.lastExit,
    }),
    restart(reason, _who, fields) {
      records.push({ ...ABOUT, time: clock.micros(), kind: 'action', message: `restart: ${reason}`, fields });
      scene.life += 1;
      scene.startedAt = clock.now();
    },
    stop: () => assert.fail('no ladder here stops'),
    restartDependents: () => assert.fail('no ladder here restarts others'),
    run: () => Promise.resolve('ran'),
    tail: () => [],
  };
  const watching = createWatching(
    service,
    [
      {
        settings,
        fingerprint: 'alive',
        watcher: {
          look({ now, life }) {
            scene.looks.push({ at: now, life: life.id, startedAt: life.startedAt, verdict: scene.see });
            return Promise.resolve({ verdict: scene.see, value: null, reason: `it is ${scene.see}` });
          },
        },
      },
    ],
    {
      clock,
      log: silentLog,
      random: () => 0.5,
      records: (drafts) => records.push(...drafts),
      restored,
      persist: (state) => {
        scene.saved = JSON.parse(JSON.stringify(state)) as PersistedWatches;
      },
      limits: LIMITS,
      holding,
    },
  );
  /** What of the ladder was done so far: `note`, `restart`, `page`. */
  const done = (): string[] =>
    records.flatMap(({ kind, message, fields }) => {
      if (kind === 'note') return String(fields?.['action']);
      return kind === 'action' && message.startsWith('restart: ') ? 'restart' : [];
    });
  const flips = (): RecordDraft[] => records.filter(({ kind }) => kind === 'flip');
  return { clock, records, scene, held, watching, done, flips };
}

const ABOUT = { service: 'web', life: '', level: 9, sender: 'alive' } as const;
