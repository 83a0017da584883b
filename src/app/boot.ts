import type { Clock } from '../core/clock.ts';
import { LEVELS, type RecordDraft } from '../core/record.ts';
import type { PlannedService } from './plan.ts';
import type { StateStore } from './state.ts';

/** Whether a service is started with the daemon, and by whose word: the last one that a person said, else the config's. */
export interface Boot {
  readonly starts: boolean;
  readonly by: 'config' | 'person';
  /** The person's reason; null where there is none. */
  readonly why: string | null;
  /** When the person said so, milliseconds. */
  readonly at: number | null;
}

export function bootOf(planned: PlannedService, state: Pick<StateStore, 'bootWord'>): Boot {
  const word = state.bootWord(planned.name);
  if (word === undefined) return { starts: planned.boot ?? true, by: 'config', why: null, at: null };
  return { starts: word.starts, by: 'person', why: word.why === '' ? null : word.why, at: word.at };
}

export interface BootOptions {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly records: (drafts: readonly RecordDraft[]) => void;
}

/** Notes that a person enabled or disabled a service: durable when it returns, and on the time line. What runs is left alone. */
export function sayBoot(
  name: string,
  starts: boolean,
  why: string,
  { state, clock, records }: BootOptions,
): void {
  state.saveBootWord(name, { starts, why, at: clock.now() });
  const verb = starts ? 'enable' : 'disable';
  const message = `${verb} by a person${why === '' ? '' : `: ${why}`}`;
  const fields = { action: verb, by: 'person', ...(why === '' ? {} : { why }) };
  const about = { service: name, life: '', kind: 'action', level: LEVELS.info, sender: 'daemon' } as const;
  records([{ ...about, time: clock.micros(), message, fields }]);
}

/** Why nothing can be said of a service: a unit of systemd's is started by that. */
export function refuseBoot({ unit }: Pick<PlannedService, 'unit'>, starts: boolean): string | undefined {
  if (unit === undefined) return undefined;
  return `is started with the machine by systemd; write systemctl ${starts ? 'enable' : 'disable'} ${unit}`;
}

/** What there is to say of it to the person. */
export function bootAnswer(name: string, starts: boolean, now: 'idle' | 'active' | 'no-daemon'): string {
  if (starts) return now === 'idle' ? `is enabled; start it now by: vahti start ${name}` : 'is enabled';
  return now === 'active' ? `is disabled; it runs on until: vahti stop ${name}` : 'is disabled';
}
