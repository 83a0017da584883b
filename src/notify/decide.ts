import type { Incident } from './incident.ts';
import { dedupe } from './stages/dedupe.ts';
import { escalate } from './stages/escalate.ts';
import { closesAt } from './stages/group.ts';
import { inhibit } from './stages/inhibit.ts';
import { silenced } from './stages/silenced.ts';
import type { Hold } from './stages/hold.ts';
import type { Candidate, Stage, StageContext } from './stages/stage.ts';
import { unproved } from './stages/unproved.ts';
import { type Entry, type EntryEvent, freshTelling, type Telling, tellingKey } from './telling.ts';

/** What is decided about. */
export interface Situation extends StageContext {
  /** Those that are not settled. */
  readonly incidents: readonly Incident[];
  /** By tellingKey. */
  readonly tellings: ReadonlyMap<string, Telling>;
  /** Whether a message about it lies in the outbox of a channel. */
  isPending(incident: string, channel: string): boolean;
}

export interface Decision {
  /** Those that changed. */
  readonly tellings: readonly Telling[];
  /** Incidents of which nothing more is to be said. */
  readonly settled: readonly Incident[];
  /** What is told now, by channel. */
  readonly entries: ReadonlyMap<string, readonly Entry[]>;
  /** When to decide again, wall milliseconds; null where only another event can change anything. */
  readonly nextAt: number | null;
}

/** What holds trouble back that nobody heard of; in this order. */
const STAGES: readonly Stage[] = [inhibit, silenced, unproved, escalate];

/** Decides what is told to whom now. Pure. */
export function decide(situation: Situation, now: number): Decision {
  const judged = situation.incidents.flatMap((incident) =>
    candidates(incident, situation, now).map((candidate) => judge(candidate, situation, now)),
  );
  const closed = closeMessages(judged, situation, now);
  const after = judged.map((telling) => closed.tellings.get(tellingKey(telling)) ?? telling);
  const byIncident = Map.groupBy(after, ({ incident }) => incident);
  const owed = owedElsewhere(situation);
  const settled = situation.incidents
    .filter(({ id, until }) => until !== null && !owed.has(id))
    .filter(({ id }) => (byIncident.get(id) ?? []).every(({ done }) => done))
    .map((incident) => ({ ...incident, settled: true }));
  const changed = after.filter(
    (telling) => JSON.stringify(telling) !== JSON.stringify(situation.tellings.get(tellingKey(telling))),
  );
  const times = after.flatMap(({ done, hold }) => (done ? [] : (hold?.until ?? [])));
  const nextAt = times.length === 0 ? null : Math.min(...times);
  return { tellings: changed, settled, entries: closed.entries, nextAt };
}

/** The incidents that a channel heard of which is not in the config now: it hears of their end when it is there again. */
function owedElsewhere({ tellings, channels }: Situation): ReadonlySet<string> {
  const owed = [...tellings.values()].filter(
    ({ channel, toldAt, done }) => toldAt !== null && !done && !channels.has(channel),
  );
  return new Set(owed.map(({ incident }) => incident));
}

/** An incident for each channel that has to hear of it, or heard of it. */
function candidates(incident: Incident, situation: Situation, now: number): readonly Candidate[] {
  const { channels, tellings } = situation;
  const policy = situation.policyOf(incident.service, incident.watch);
  return [...channels].flatMap(([channel, timing]) => {
    const known = tellings.get(tellingKey({ incident: incident.id, channel }));
    if (known === undefined && !policy.channels.includes(channel)) return [];
    const telling = known === undefined ? freshTelling(incident.id, channel) : upTo(known, now);
    // Who never heard of it, is not about to, and is not to hear of it any more, is left alone.
    const isOwed = telling.toldAt !== null || telling.waiting !== null;
    if (!isOwed && !policy.channels.includes(channel)) return [];
    return [{ incident, channel, policy, timing, telling }];
  });
}

/** After a step of the wall clock backwards what was in the future is now. */
function upTo(telling: Telling, now: number): Telling {
  const past = (at: number | null): number | null => (at === null ? null : Math.min(at, now));
  const { unheldAt, freeAt, toldAt, lastAt, waiting } = telling;
  return {
    ...telling,
    unheldAt: past(unheldAt),
    freeAt: past(freeAt),
    toldAt: past(toldAt),
    lastAt: past(lastAt),
    waiting: waiting === null ? null : { ...waiting, since: Math.min(waiting.since, now) },
  };
}

function judge(candidate: Candidate, situation: Situation, now: number): Telling {
  const { telling, incident, channel } = candidate;
  if (telling.done) return telling;
  if (incident.until !== null) return judgeOver(candidate, situation, now);
  const held = firstOf([inhibit, silenced], candidate, situation, now);
  if (telling.toldAt !== null) {
    const news = dedupe(candidate, () => situation.isPending(incident.id, channel), now);
    if ('hold' in news) return { ...telling, waiting: null, hold: news.hold };
    return held === undefined ? wait(candidate, news.event, now) : { ...telling, waiting: null, hold: held };
  }
  if (held !== undefined) return { ...telling, unheldAt: null, freeAt: null, waiting: null, hold: held };
  const unheld: Candidate = { ...candidate, telling: { ...telling, unheldAt: telling.unheldAt ?? now } };
  const doubt = unproved(unheld, situation, now);
  if (doubt !== undefined) return { ...unheld.telling, freeAt: null, waiting: null, hold: doubt };
  const free: Candidate = { ...unheld, telling: { ...unheld.telling, freeAt: telling.freeAt ?? now } };
  const early = escalate(free, situation, now);
  return early === undefined ? wait(free, 'outage', now) : { ...free.telling, waiting: null, hold: early };
}

/** The end of what was told is told, whatever holds. What was not told because something held it never is. */
function judgeOver(candidate: Candidate, situation: Situation, now: number): Telling {
  const { telling, incident } = candidate;
  if (telling.toldAt !== null) return wait(candidate, 'recovery', now);
  const rest = (why: string): Telling => ({
    ...telling,
    waiting: null,
    done: true,
    hold: { by: 'over', why: `over before it was told: ${why}`, until: null },
  });
  if (incident.byPerson) return rest(incident.ending === '' ? 'a person acted' : incident.ending);
  if (telling.waiting !== null) return wait(candidate, 'both', now);
  // An acknowledgement ends with its incident: it cannot be asked for any more.
  if (telling.hold?.by === 'ack') return rest(telling.hold.why);
  const held = firstOf(STAGES, candidate, situation, now);
  return held === undefined ? wait(candidate, 'both', now) : rest(held.why);
}

function firstOf(
  stages: readonly Stage[],
  candidate: Candidate,
  situation: Situation,
  now: number,
): Hold | undefined {
  for (const stage of stages) {
    const hold = stage(candidate, situation, now);
    if (hold !== undefined) return hold;
  }
  return undefined;
}

/** Lets it wait for what else the same message can say. What waits already keeps its place. */
function wait({ telling, timing }: Candidate, event: EntryEvent, now: number): Telling {
  const isSame =
    telling.waiting?.event === event || (event === 'both' && telling.waiting?.event === 'outage');
  const waiting = { event, since: isSame && telling.waiting !== null ? telling.waiting.since : now };
  const until = closesAt([{ ...telling, waiting }], timing);
  return {
    ...telling,
    waiting,
    hold: { by: 'group', why: 'waits for what else the message can say', until },
  };
}

interface Closed {
  readonly entries: ReadonlyMap<string, readonly Entry[]>;
  readonly tellings: ReadonlyMap<string, Telling>;
}

/** Closes the message of each channel whose time has come: everything that waits goes into it. */
function closeMessages(judged: readonly Telling[], situation: Situation, now: number): Closed {
  const waiting = Map.groupBy(
    judged.filter((telling) => telling.waiting !== null),
    ({ channel }) => channel,
  );
  const entries = new Map<string, readonly Entry[]>();
  const tellings = new Map<string, Telling>();
  for (const [channel, all] of waiting) {
    if (closesAt(all, situation.channels.get(channel) ?? {}) > now) continue;
    entries.set(
      channel,
      all.map(({ incident, waiting: next }) => ({ incident, event: next?.event ?? 'outage' })),
    );
    for (const telling of all) tellings.set(tellingKey(telling), told(telling, situation, now));
  }
  return { entries, tellings };
}

function told(telling: Telling, { incidents, channels }: Situation, now: number): Telling {
  const event = telling.waiting?.event;
  const isEnd = event === 'recovery' || event === 'both';
  const repeatMs = channels.get(telling.channel)?.repeatMs;
  const state = incidents.find(({ id }) => id === telling.incident)?.state ?? '';
  return {
    ...telling,
    toldAt: telling.toldAt ?? now,
    lastAt: now,
    toldState: state,
    waiting: null,
    hold: { by: 'told', why: 'told', until: isEnd || repeatMs === undefined ? null : now + repeatMs },
    done: isEnd,
  };
}
