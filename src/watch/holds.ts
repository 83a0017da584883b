import type { Silence } from '../core/silence.ts';

/** What a silence is asked for: a watch of a service, or the service as a whole. */
export interface Subject {
  readonly service: string;
  readonly watch: string | null;
}

/** A person wants no actions and no messages for a while. Serialisable as JSON; wall milliseconds. */
export interface Snooze {
  /** Null: everything. */
  readonly service: string | null;
  /** Null: all of the service. */
  readonly watch: string | null;
  readonly why: string;
  readonly who: string;
  readonly at: number;
  readonly until: number;
}

/** A person knows of an incident. Serialisable as JSON; wall milliseconds. */
export interface Ack {
  readonly service: string;
  /** Null: the service itself, its restarts and its processes. */
  readonly watch: string | null;
  /** Empty where none was given. */
  readonly why: string;
  readonly who: string;
  readonly at: number;
}

/** A window of the config. */
export interface Quiet {
  readonly why: string;
  /** Until when it lasts, wall milliseconds; undefined outside of it. */
  end(now: number): number | undefined;
}

/** Everything that silences come from. */
export interface HoldSources {
  /** The windows that are for a service. */
  quiet(service: string): readonly Quiet[];
  readonly snoozes: () => readonly Snooze[];
  readonly acks: () => readonly Ack[];
  /** How something that a service needs is in trouble: `db: alive is bad`; undefined where all is well. */
  trouble(service: string): string | undefined;
}

/**
 * Every silence that holds for a subject, the weightiest first: windows and snoozes, the one that ends last in front, then
 * what it needs, then that a person knows.
 */
export function silencesOf(subject: Subject, sources: HoldSources, now: number): readonly Silence[] {
  const { service, watch } = subject;
  const trouble = sources.trouble(service);
  return [
    ...plannedSilences(subject, sources, now).toSorted((a, b) => b.until - a.until),
    ...(trouble === undefined ? [] : [{ by: 'needs', why: trouble, who: '', until: null } as const]),
    ...sources
      .acks()
      .filter((ack) => ack.service === service && ack.watch === watch)
      .map(({ why, who }) => ({ by: 'ack', why, who, until: null }) as const),
  ];
}

/** Silences that have an end of their own. */
function plannedSilences(
  { service, watch }: Subject,
  { quiet, snoozes }: HoldSources,
  now: number,
): readonly (Silence & { readonly until: number })[] {
  const windows = quiet(service).flatMap(({ why, end }) => {
    const until = end(now);
    return until === undefined ? [] : [{ by: 'quiet', why, who: '', until } as const];
  });
  const own = snoozes()
    .filter((snooze) => now < snooze.until)
    .filter((snooze) => snooze.service === null || snooze.service === service)
    .filter((snooze) => snooze.watch === null || snooze.watch === watch)
    .map(({ why, who, until }) => ({ by: 'snooze', why, who, until }) as const);
  return [...windows, ...own];
}

/** Windows and snoozes that follow each other without a gap are gone through, so many at most. */
const MOST_ENDS = 100;

/** When the last of the windows and snoozes is over that follow each other without a gap, wall milliseconds; null where none holds now. */
export function heldUntil(subject: Subject, sources: HoldSources, now: number): number | null {
  let at = now;
  for (let ends = 0; ends < MOST_ENDS; ends++) {
    const next = Math.max(...plannedSilences(subject, sources, at).map(({ until }) => until));
    if (next <= at) break;
    at = next;
  }
  return at === now ? null : at;
}

/** What of a ladder a silence keeps: all of it, or only what is said. */
export function heldBy(silence: Silence | undefined): 'all' | 'words' | undefined {
  if (silence === undefined) return undefined;
  return silence.by === 'ack' ? 'words' : 'all';
}
