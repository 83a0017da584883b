import type { Notice } from '../core/channel.ts';
import { approximateDuration } from '../core/durations.ts';
import { LEVELS, type RecordStore } from '../core/record.ts';
import type { Silence } from '../core/silence.ts';
import { type Incident, subjectName } from './incident.ts';
import type { OutboxReader } from './outbox-read.ts';

const DAY_MS = 24 * 60 * 60_000;
const MOST_LINES = 30;
const MOST_STARTS = 10_000;

/** A silence that is in force, and what it is about: `watch` is empty where it is the whole service. */
export interface StandingSilence {
  readonly service: string;
  readonly watch: string;
  readonly silence: Silence;
}

export interface DigestContext {
  readonly id: string;
  readonly host: string;
  readonly now: number;
  readonly outbox: Pick<OutboxReader, 'incidentsSince' | 'tellings'>;
  readonly store: Pick<RecordStore, 'query'>;
  readonly silences: readonly StandingSilence[];
  /** Only of what is told there. */
  readonly channel: string;
  isTold(incident: Incident): boolean;
}

/** What a channel hears once a day: what is in trouble, what nobody hears of and why, and what the last day was like. */
export function composeDigest(context: DigestContext): Notice {
  const { id, host, now, outbox, silences, isTold } = context;
  const recent = outbox.incidentsSince(now - DAY_MS, 1000).filter(isTold);
  const open = recent.filter(({ until }) => until === null);
  const over = recent.filter(({ until }) => until !== null);
  const starts = startsOf(context);
  const level = Math.max(LEVELS.info, ...open.map((incident) => incident.level));
  const summary = [`${open.length} in trouble`, `${over.length} over`, `${silences.length} silenced`];
  return {
    id,
    thread: id,
    event: 'digest',
    host,
    at: now,
    title: `the last day on ${host}: ${summary.join(', ')}`,
    level,
    items: [],
    lines: [
      ...section(
        'In trouble now',
        open.map((incident) => openLine(incident, context)),
      ),
      ...section(
        'Silenced',
        silences.map((each) => silenceLine(each, now)),
      ),
      ...section('Over within the last day', over.map(overLine)),
      ...section('Starts within the last day', starts),
    ],
    snooze: '',
    dueAt: null,
    triedAt: now,
  };
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [`${title}: none`];
  const more = lines.length - MOST_LINES;
  return [
    `${title}:`,
    ...lines.slice(0, MOST_LINES).map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function openLine(incident: Incident, { now, outbox, channel }: DigestContext): string {
  const { service, state, since, reason } = incident;
  const telling = outbox.tellings(incident.id).find((each) => each.channel === channel);
  // What nobody heard of for a reason must not be forgotten: the reason may be wrong by now.
  const hold = telling?.toldAt === null && telling.hold !== null ? ` (not told: ${telling.hold.why})` : '';
  const lasts = approximateDuration(Math.max(0, now - since));
  return `${service}: ${subjectName(incident)} is ${state} for ${lasts}: ${reason}${hold}`;
}

function overLine(incident: Incident): string {
  const { service, state, since, until, ending } = incident;
  const lasted = approximateDuration((until ?? since) - since);
  const how = ending === '' ? '' : `; ${ending}`;
  return `${service}: ${subjectName(incident)} was ${state} for ${lasted} from ${new Date(since).toISOString()}${how}`;
}

function silenceLine(
  { service, watch, silence: { by, why, who, until } }: StandingSilence,
  now: number,
): string {
  const what = [service, watch].filter((part) => part !== '').join(' ') || 'everything';
  const whose = who === '' ? '' : ` by ${who}`;
  const left =
    until === null ? 'without an end' : `for another ${approximateDuration(Math.max(0, until - now))}`;
  return `${what}: ${by}${whose}, ${left}: ${why}`;
}

/** How often each service began within the last day, where it did so more than once. */
function startsOf({ store, now }: DigestContext): readonly string[] {
  const since = (now - DAY_MS) * 1000;
  const starts = store.query({ kinds: ['start'], since, take: 'newest', limit: MOST_STARTS });
  const counts = Map.groupBy(starts, ({ service }) => service);
  return [...counts]
    .filter(([, all]) => all.length > 1)
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([service, all]) => `${service}: ${all.length}`);
}
