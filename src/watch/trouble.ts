import type { Course, LifeSeen, WatchSettings } from './course.ts';

/** What a watch says against its service, to those that need it. */
export interface Trouble {
  /** A clause: `alive is bad`, `alive may be bad`. */
  readonly what: string;
  /** False where looks failed, but not yet as many as it takes. */
  readonly isSure: boolean;
}

/** How long a look may take to come beyond its time. */
const PATIENCE_MS = 1000;

/**
 * What a watch says against its service now; undefined where it is well, or where it is not known: it does not look, or
 * could not look for as long as it would take to call that unknown.
 * @param life the one to look at; undefined where there is nothing to look at.
 * @param now wall milliseconds.
 */
export function troubleOf(
  settings: WatchSettings,
  course: Course,
  life: LifeSeen | undefined,
  now: number,
): Trouble | undefined {
  if (life === undefined) return undefined;
  const { name, gate: limits, everyMs, timeoutMs } = settings;
  const { gate, evidenceAt = 0 } = course;
  const seenAt = Math.max(evidenceAt, life.from + limits.graceMs);
  const patienceMs = (limits.fail.times + 1) * everyMs + timeoutMs + PATIENCE_MS;
  if (now - seenAt > patienceMs || gate.unknown >= limits.fail.times) return undefined;
  const { state } = gate;
  if (state === 'late' || state === 'bad' || state === 'flapping')
    return { what: `${name} is ${state}`, isSure: true };
  const last = gate.life === life.id && gate.unknown === 0 ? gate.looks.at(-1) : undefined;
  return last === undefined || last === 'ok' ? undefined : { what: `${name} may be ${last}`, isSure: false };
}
