import type { Clock, Timer } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { LEVELS, type RecordDraft } from '../core/record.ts';
import { DatabaseError } from '../core/sqlite.ts';
import type { Ack, Snooze, Subject } from '../watch/holds.ts';
import { clockTime } from './clock-time.ts';
import { jobService } from '../jobs/job.ts';
import type { Plan } from './plan.ts';
import type { KeptSilences, SilenceStore } from './silence-store.ts';

/** What of the services or of one is snoozed; `service` null is everything. */
export type Target = Pick<Snooze, 'service' | 'watch'>;

/** What people said is to be quiet: kept, told, and over when its time or its incident is. */
export interface SaidSilences {
  /** As far as it holds. */
  kept(): KeptSilences;
  /** Durable when it returns. In the place of an earlier snooze of the same target. */
  snooze(target: Target, said: Pick<Snooze, 'why' | 'who' | 'until'>): void;
  /** Ends the snooze of a target; false where there is none. */
  endSnooze(target: Target, said: Pick<Snooze, 'why' | 'who'>): boolean;
  /** Durable when it returns. */
  ack(subject: Subject, said: Pick<Ack, 'why' | 'who'>): void;
  /** The incident of a subject is over: nobody has to know of it any more. */
  over(subject: Subject): void;
  /** Forgets what was said of what is not in a plan. */
  keepOnly(plan: Plan): void;
  close(): void;
}

export interface SaidSilencesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: SilenceStore;
  readonly records: (drafts: readonly RecordDraft[]) => void;
}

/** Everything that is kept, in memory and in the store. */
function createKeeping({ store, log }: Pick<SaidSilencesDeps, 'store' | 'log'>) {
  let kept = store.load();
  const keep = (change: Partial<KeptSilences>): void => {
    const next = { ...kept, ...change };
    store.save(next);
    kept = next;
  };
  return {
    now: () => kept,
    keep,
    /** What is over is over, whether the disk takes that or not: the next daemon finds it out by itself. */
    drop(change: Partial<KeptSilences>): void {
      try {
        keep(change);
      } catch (thrown) {
        if (!(thrown instanceof DatabaseError) || !thrown.retry) throw thrown;
        kept = { ...kept, ...change };
        log.warn('cannot store that a silence is over', { reason: thrown.message });
      }
    },
  };
}

export function createSaidSilences({ clock, records, ...deps }: SaidSilencesDeps): SaidSilences {
  const { now: kept, keep, drop } = createKeeping(deps);
  const tell = (said: Omit<Told, 'time'>): void => records([recordOf({ ...said, time: clock.micros() })]);
  const expire = (): void => {
    const now = clock.now();
    const over = kept().snoozes.filter(({ until }) => until <= now);
    if (over.length > 0) drop({ snoozes: kept().snoozes.filter((snooze) => !over.includes(snooze)) });
    for (const snooze of over) {
      const { who, why, until } = snooze;
      const message = `${snoozeOf(snooze)} by ${who} is over: ${why}`;
      tell({
        target: snooze,
        action: 'snooze',
        message,
        fields: { by: 'vahti', who, why, until, ends: true },
      });
    }
  };
  const alarm = createAlarm(clock, () => kept().snoozes.map(({ until }) => until), expire);
  const without = (target: Target): readonly Snooze[] =>
    kept().snoozes.filter((snooze) => !isSame(snooze, target));
  return {
    kept,
    snooze(target, said) {
      keep({ snoozes: [...without(target), { ...target, ...said, at: clock.now() }] });
      const message = `${snoozeOf(target)} by ${said.who} until ${clockTime(said.until)}: ${said.why}`;
      tell({ target, action: 'snooze', message, fields: { by: 'person', ...said } });
      alarm.set();
    },
    endSnooze(target, said) {
      const snoozes = without(target);
      if (snoozes.length === kept().snoozes.length) return false;
      keep({ snoozes });
      const message = `${snoozeOf(target)} ended by ${said.who}${because(said.why)}`;
      tell({ target, action: 'snooze', message, fields: { by: 'person', ...said, ends: true } });
      alarm.set();
      return true;
    },
    ack(subject, said) {
      const others = kept().acks.filter((ack) => !isSame(ack, subject));
      keep({ acks: [...others, { ...subject, ...said, at: clock.now() }] });
      const message = `${ackOf(subject)} by ${said.who}${because(said.why)}`;
      tell({ target: subject, action: 'ack', message, fields: { by: 'person', ...said } });
    },
    over(subject) {
      const known = kept().acks.find((ack) => isSame(ack, subject));
      if (known === undefined) return;
      drop({ acks: kept().acks.filter((ack) => ack !== known) });
      const { who, why } = known;
      const message = `${ackOf(subject)} by ${who} is over`;
      tell({ target: subject, action: 'ack', message, fields: { by: 'vahti', who, why, ends: true } });
    },
    keepOnly(plan) {
      const isThere = ({ service, watch }: Target): boolean => isKnown(plan, service, watch);
      const left = { snoozes: kept().snoozes.filter(isThere), acks: kept().acks.filter(isThere) };
      if (left.snoozes.length + left.acks.length < kept().snoozes.length + kept().acks.length) drop(left);
    },
    close: alarm.close,
  };
}

/** Something of a silence that the time line tells. */
interface Told {
  readonly time: number;
  readonly target: Target;
  readonly action: 'snooze' | 'ack';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function recordOf({ time, target: { service, watch }, action, message, fields }: Told): RecordDraft {
  const of = watch === null ? {} : { watch };
  const about = {
    service: service ?? '',
    life: '',
    kind: 'action',
    level: LEVELS.info,
    sender: 'daemon',
  } as const;
  return { ...about, time, message, fields: { action, ...of, ...fields } };
}

function because(why: string): string {
  return why === '' ? '' : `: ${why}`;
}

function isKnown({ services, jobs = [] }: Plan, name: string | null, watch: string | null): boolean {
  if (name === null || jobs.some((job) => jobService(job.name) === name)) return true;
  const service = services.find((each) => each.name === name);
  return (
    service !== undefined && (watch === null || (service.watch ?? []).some((each) => each.name === watch))
  );
}

function isSame(a: Target, b: Target): boolean {
  return a.service === b.service && a.watch === b.watch;
}

function snoozeOf({ service, watch }: Target): string {
  return service === null ? 'snooze of everything' : `snooze${watch === null ? '' : ` of ${watch}`}`;
}

function ackOf({ watch }: Subject): string {
  return watch === null ? 'ack' : `ack of ${watch}`;
}

/** The longest wait at once: the wall clock may have been set meanwhile. */
const LONGEST_WAIT_MS = 60_000;

/** Calls `ring` when the first of some moments has come, wall milliseconds, and soon after one that came before. */
function createAlarm(clock: Clock, moments: () => readonly number[], ring: () => void) {
  let timer: Timer | undefined;
  const set = (): void => {
    timer?.cancel();
    const first = Math.min(...moments());
    if (first === Number.POSITIVE_INFINITY) return;
    timer = clock.timer(Math.max(0, Math.min(first - clock.now(), LONGEST_WAIT_MS)), () => {
      ring();
      set();
    });
  };
  set();
  return { set, close: () => timer?.cancel() };
}
