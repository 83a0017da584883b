import type { Alarm } from '../../watch/replay/tally.ts';
import type { Known, LiveAlarm, Sign } from './known.ts';

/** An alarm of a trial, beside what else is known. */
export interface AssessedAlarm extends Alarm {
  /** Whether the watch failed then, live; null where the service has none of that name. */
  readonly live: boolean | null;
  /** What else told of trouble about then, the first of it; empty where nothing did, and the alarm may be a false one. */
  readonly signs: readonly Sign[];
}

export interface Assessment {
  readonly alarms: readonly AssessedAlarm[];
  /** Alarms that there were, live, and that the trial does not have. */
  readonly gone: readonly LiveAlarm[];
  /** Signs of trouble without an alarm of the trial about then. */
  readonly unseen: readonly Sign[];
}

/** Trouble shows in other places somewhat earlier, or later. */
const BEFORE_MS = 600_000;
const AFTER_MS = 300_000;
const MOST_SIGNS = 3;
/** So many alarms are looked at for what the service printed. */
const MOST_LOOKED_AT = 100;

/** What alarms are set beside. */
export interface Beside {
  readonly known: Known | undefined;
  /** What of the service's output tells of trouble; undefined where that is no other sign. */
  readonly printed: Known['printed'] | undefined;
  /** The service has a watch of that name. */
  readonly isLive: boolean;
  /** Wall milliseconds: the end of what was seen. */
  readonly until: number;
  /** Alarms so far apart are still the same one. */
  readonly toleranceMs: number;
}

/** Sets alarms beside what is known of the same time. */
export function assess(alarms: readonly Alarm[], beside: Beside): Assessment {
  const { known, printed, isLive, until, toleranceMs } = beside;
  const { signs = [], alarms: lived = [] } = known ?? {};
  const meets = (alarm: Alarm, other: LiveAlarm): boolean =>
    other.from <= (alarm.to ?? until) + toleranceMs && (other.to ?? until) >= alarm.from - toleranceMs;
  const isAbout = (alarm: Alarm, { at }: Sign): boolean =>
    at >= alarm.from - BEFORE_MS && at <= (alarm.to ?? until) + AFTER_MS;
  const signsOf = (alarm: Alarm, place: number): readonly Sign[] => {
    const found = signs.filter((sign) => isAbout(alarm, sign)).slice(0, MOST_SIGNS);
    if (found.length > 0 || place >= MOST_LOOKED_AT) return found;
    const said = printed?.(alarm.from - BEFORE_MS, (alarm.to ?? until) + AFTER_MS);
    return said === undefined ? [] : [said];
  };
  return {
    alarms: alarms.map((alarm, place) => ({
      ...alarm,
      live: isLive && known !== undefined ? lived.some((other) => meets(alarm, other)) : null,
      signs: signsOf(alarm, place),
    })),
    gone: lived.filter((other) => !alarms.some((alarm) => meets(alarm, other))),
    unseen: signs.filter((sign) => !alarms.some((alarm) => isAbout(alarm, sign))),
  };
}
