import type { UnitFacts } from '../../core/units.ts';
import type { ServiceState } from '../service-state.ts';
import type { Verb } from './systemctl.ts';

/** What is seen of the unit that runs a service, as far as it matters to who keeps it. */
export type Sight =
  /** A run of it begins or goes on. */
  | 'runs'
  | 'ends'
  /** systemd is about to start it again by itself. */
  | 'restarts'
  | 'idle'
  /** There is no such unit, or it cannot be used. */
  | 'unusable';

export function sightOf({ active, sub, load }: UnitFacts): Sight {
  switch (active) {
    case 'inactive':
    case 'failed':
      return load === 'loaded' || load === 'masked' ? 'idle' : 'unusable';
    case 'deactivating':
      return 'ends';
    case 'activating':
      return sub.startsWith('auto-restart') ? 'restarts' : 'runs';
    default:
      return 'runs';
  }
}

export type KeptVerb = Exclude<Verb, 'reset-failed'>;

/** What is known beside the state of the service. */
export interface Around {
  readonly sight: Sight;
  /** A life is due that has not been seen yet. */
  readonly awaited: boolean;
  /** Whether the next life would follow at once if the present one ended now. */
  readonly follows: boolean;
}

/**
 * What systemd has to be told, so that the unit comes to be what the service is meant to be; undefined where it goes there by itself.
 * Whatever is missed, or done by others, the next look puts right.
 */
export function dueVerb({ state, then }: ServiceState, around: Around): KeptVerb | undefined {
  const { sight, awaited } = around;
  switch (state) {
    case 'running':
      return awaited && sight === 'idle' ? 'start' : undefined;
    case 'stopping':
      if (sight === 'runs') return endingVerb(then, around);
      if (sight !== 'restarts') return undefined;
      // Between two lives: a person waits for nothing; else what is to follow decides whether systemd may go on.
      if (then === 'start') return 'restart';
      return comesBack(then, around) ? undefined : 'stop';
    case 'waiting':
    case 'blocked':
    case 'stopped':
    case 'done':
      // systemd would start it by itself; when, is not for it to say now.
      return sight === 'restarts' ? 'stop' : undefined;
    case 'stuck':
      return sight === 'restarts' || sight === 'runs' ? 'stop' : undefined;
  }
}

function comesBack(then: ServiceState['then'], { follows }: Around): boolean {
  return then === 'start' || ((then === 'again' || then === 'renew') && follows);
}

/** A restart that nobody asked for never undoes a stop that somebody wants at this moment: `try-restart` leaves that alone. */
function endingVerb(then: ServiceState['then'], around: Around): KeptVerb {
  if (then === 'start') return 'restart';
  return comesBack(then, around) ? 'try-restart' : 'stop';
}
