import type { Clock } from '../../core/clock.ts';
import type { KeptVerb } from './due-verb.ts';
import type { SystemdHost } from './host.ts';
import type { SystemdTrouble } from './systemctl.ts';
import type { Job } from './unit-trail.ts';

/** Has systemd do one thing at a time with a unit: what is asked for last goes before what is on its way. */
export interface UnitActs {
  /** What is on its way, until what came of it has been looked at. */
  readonly verb: KeptVerb | undefined;
  /** Does nothing where that is on its way already. */
  act(verb: KeptVerb): void;
  /** Whether something that ends a life, or begins one, was on its way at a time, wall microseconds. */
  wasOurs(what: 'end' | 'begin', at: number): boolean;
  /** Resolves when nothing is on its way. */
  idle(): Promise<void>;
}

export interface UnitActsOptions {
  readonly unit: string;
  readonly host: SystemdHost;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A start would be refused as long as what was is not forgotten: a start limit that was used up. */
  readonly forgets: () => boolean;
  readonly begun: (verb: KeptVerb) => void;
  /** Words of systemd's about it come soon, if at all. */
  readonly answered: (verb: KeptVerb) => void;
  /** It is over, or refused; not called for what another one took the place of. What it answers with is waited for. */
  readonly over: (verb: KeptVerb, trouble: SystemdTrouble | undefined) => Promise<void>;
}

export function jobOf(verb: KeptVerb): Job {
  return verb === 'try-restart' ? 'restart' : verb;
}

interface Act {
  readonly verb: KeptVerb;
  readonly replaced: AbortController;
  readonly begunAt: number;
  doneAt: number;
}

/** So many acts are remembered; what systemd does for one may be so much later than its answer, microseconds. */
const MOST_ACTS = 8;
const LATER = 100_000;

export function createUnitActs(options: UnitActsOptions): UnitActs {
  const { unit, host, clock, signal, forgets, begun, answered, over } = options;
  const acts: Act[] = [];
  let current: Act | undefined;
  let last: Promise<void> = Promise.resolve();

  const actNow = async (act: Act): Promise<void> => {
    const { verb, replaced } = act;
    const ends = AbortSignal.any([signal, replaced.signal]);
    if (verb !== 'stop' && forgets()) await host.act('reset-failed', unit, ends);
    const done = await host.act(verb, unit, ends);
    act.doneAt = clock.micros();
    answered(verb);
    if (!ends.aborted) await over(verb, done.ok ? undefined : done.error);
    if (current === act) current = undefined;
  };

  return {
    get verb() {
      return current?.verb;
    },
    act(verb) {
      if (signal.aborted || current?.verb === verb) return;
      current?.replaced.abort();
      const act: Act = { verb, replaced: new AbortController(), begunAt: clock.micros(), doneAt: Infinity };
      current = act;
      acts.push(act);
      acts.splice(0, acts.length - MOST_ACTS);
      begun(verb);
      last = Promise.all([last, actNow(act)]).then(() => {});
    },
    wasOurs(what, at) {
      const other = what === 'end' ? 'start' : 'stop';
      return acts.some(
        ({ verb, begunAt, doneAt }) => verb !== other && at >= begunAt && at <= doneAt + LATER,
      );
    },
    async idle() {
      for (let seen: Promise<void> | undefined; seen !== last; ) {
        seen = last;
        await seen;
      }
    },
  };
}
