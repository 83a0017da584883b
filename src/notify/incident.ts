/** What an incident is about. Of a `job` the service is `job/NAME`. */
export type SubjectKind = 'watch' | 'lane' | 'state' | 'ready' | 'job';

export interface Subject {
  readonly service: string;
  readonly kind: SubjectKind;
  /** The watch's name; empty for the other kinds. */
  readonly watch: string;
}

/** What was done about it, as the time line has it. */
export interface Deed {
  /** Wall milliseconds. */
  readonly at: number;
  readonly text: string;
}

/**
 * A stretch of trouble of one subject, from the flip out of well to the flip back. Serialisable as JSON; times are wall
 * milliseconds, and those of the flips.
 */
export interface Incident extends Subject {
  readonly id: string;
  /** Of a watch `late`, `bad`, `unknown` or `flapping`; of a lane `backoff` or `slow`; `stuck`, `done` or `failed`; of `ready` `late`. */
  readonly state: string;
  /** 1 to 24, of the flip into the present state. */
  readonly level: number;
  readonly since: number;
  /** When it came into its present state. */
  readonly changedAt: number;
  /** When it was over; null while it lasts. */
  readonly until: number | null;
  /** How it ended where it did not become well: `stopped by a person`. Empty otherwise. */
  readonly ending: string;
  /** A person started, restarted or stopped the service meanwhile: an end that follows is no news where the beginning was not told. */
  readonly byPerson: boolean;
  /** The life that it was seen in; empty where there was none. */
  readonly life: string;
  readonly value: string | null;
  readonly reason: string;
  /** The ladder of its watch came to `page`, or to its end. */
  readonly paged: boolean;
  readonly deeds: readonly Deed[];
  /** When the next start is due, of a lane. */
  readonly nextStartAt: number | null;
  /** It is over, and everybody who has to be told of it is in the outbox. */
  readonly settled: boolean;
}

/** Deeds that are kept with an incident: the first and the newest ones. */
const FIRST_DEEDS = 5;
const MOST_DEEDS = 20;
/** Longer texts are cut: messages travel by channels that are narrow. */
const LONGEST_TEXT = 1000;

/** Tells subjects from each other. */
export function subjectKey({ service, kind, watch }: Subject): string {
  return `${service}\0${kind}\0${watch}`;
}

/** The subject within its service, as people know it: the watch's name, `lane`, `state`, `ready`. */
export function subjectName({ kind, watch }: Subject): string {
  return kind === 'watch' ? watch : kind;
}

export function cutText(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
}

export function withDeed(incident: Incident, deed: Deed): Incident {
  const all = [...incident.deeds, { ...deed, text: cutText(deed.text) }];
  const deeds =
    all.length <= MOST_DEEDS ? all : [...all.slice(0, FIRST_DEEDS), ...all.slice(FIRST_DEEDS + 1)];
  return { ...incident, deeds };
}

/** How an incident is over: by being well, or by something else that is named. */
export function over(incident: Incident, at: number, ending = ''): Incident {
  return { ...incident, until: Math.max(at, incident.since), ending };
}

/** What is in trouble now, by subject. */
export type OpenIncidents = ReadonlyMap<string, Incident>;

/** What a new incident begins with. */
export type Beginning = Subject &
  Pick<Incident, 'id' | 'state' | 'level' | 'since' | 'life' | 'value' | 'reason'> &
  Partial<Pick<Incident, 'paged' | 'nextStartAt'>>;

export function begin(beginning: Beginning): Incident {
  return {
    paged: false,
    nextStartAt: null,
    ...beginning,
    reason: cutText(beginning.reason),
    changedAt: beginning.since,
    until: null,
    ending: '',
    byPerson: false,
    deeds: [],
    settled: false,
  };
}
