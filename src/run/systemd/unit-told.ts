import { LEVELS } from '../../core/record.ts';
import type { UnitFacts } from '../../core/units.ts';
import type { RecordEffect } from '../service-state.ts';
import { describeEnd } from './unit-end.ts';
import type { UnitLife } from './unit-life.ts';

/** What the time line is told of a unit. */

/** A record of a life, or of the unit as a whole. */
export interface Told extends RecordEffect {
  /** Microseconds. */
  readonly time: number;
  readonly life: string;
}

/** That a life began. @param time microseconds. */
export function startRecord({ id, pid }: UnitLife, time: number): Told {
  const message = `started, life ${id}${pid === null ? '' : `, pid ${pid}`}`;
  return { time, life: id, kind: 'start', level: LEVELS.info, message, fields: { pid, by: 'systemd' } };
}

/** How a life ended. @param latest when it was over at the latest, wall milliseconds. */
export function endRecord(life: UnitLife, facts: UnitFacts | undefined, latest: number): Told {
  const ofLife = facts?.invocation === life.id ? facts : undefined;
  // The clock may have been set back meanwhile.
  const time = Math.max(life.startedAt ?? 0, life.endedAt ?? Math.min(life.goneAt ?? latest, latest) * 1000);
  const livedMs = life.startedAt === null ? null : (time - life.startedAt) / 1000;
  const result = life.result ?? ofLife?.result ?? 'success';
  const end = describeEnd({ ...life, result, livedMs, policy: facts?.policy });
  const fields = {
    result,
    ...(life.exit === null ? {} : { exit: life.exit }),
    ...(livedMs === null ? {} : { livedMs: Math.round(livedMs) }),
    asked: life.asked,
    ...(life.words.length === 0 ? {} : { systemd: life.words }),
  };
  return { time, life: life.id, kind: 'exit', ...end, fields };
}

/** What somebody else had systemd do with it. @param time microseconds. */
export function foreignRecord(job: 'stop' | 'restart', life: string | null, time: number): Told {
  const message = `${job} through systemd, not by vahti`;
  const fields = { action: job, by: 'systemd' };
  return { time, life: life ?? '', kind: 'action', level: LEVELS.info, message, fields };
}
