import type { RecordKind, StoredRecord } from '../../core/record.ts';
import { LEVELS } from '../../core/record.ts';
import type { RecordReader } from '../../hub/store/sqlite.ts';
import type { OtherAction } from '../../watch/replay/replay.ts';
import type { Range } from '../../watch/replay/tally.ts';
import { allRecords } from './past-lives.ts';

/** A sign of trouble that does not come from the watch that is tried. */
export interface Sign {
  /** Wall milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** A stretch in which a watch failed, live; `to` is null where it still does. */
export interface LiveAlarm {
  readonly from: number;
  readonly to: number | null;
  readonly worst: string;
}

/** What the time line knows of a service in a range. */
export interface Known {
  readonly signs: readonly Sign[];
  /** When the watch of that name failed, live. */
  readonly alarms: readonly LiveAlarm[];
  /** What the other watches did. */
  readonly others: readonly OtherAction[];
  /** When the watch of that name restarted the service itself, live. */
  readonly ownRestarts: readonly number[];
  /** The first line at level error or above that the service printed between two moments. */
  printed(from: number, to: number): Sign | undefined;
}

const KINDS: readonly RecordKind[] = ['exit', 'action', 'flip', 'gap'];
const FAILING: readonly unknown[] = ['late', 'bad', 'flapping'];
/** An alarm may have begun so long before the range: its beginning is looked for. */
const EARLIER_MS = 30 * 86_400_000;

/** Reads what is known. @param watch the name of the one that is tried; empty where the service has none of that name. */
export function readKnown(store: RecordReader, service: string, watch: string, range: Range): Known {
  const signs: Sign[] = [];
  const alarms: { -readonly [K in keyof LiveAlarm]: LiveAlarm[K] }[] = [];
  const others: OtherAction[] = [];
  const ownRestarts: number[] = [];
  const query = {
    services: [service],
    kinds: KINDS,
    since: (range.since - EARLIER_MS) * 1000,
    until: (range.until + 1) * 1000,
  };
  for (const record of allRecords(store, query)) {
    const at = Math.floor(record.time / 1000);
    const { fields = {} } = record;
    const own = fields['watch'] === watch && watch !== '';
    if (record.kind === 'flip' && own) followAlarm(alarms, at, fields);
    const action = actionOf(record, at);
    if (action !== undefined && !own) others.push(action);
    if (action?.costs === true && own && at >= range.since) ownRestarts.push(at);
    const text = own || at < range.since ? undefined : signOf(record);
    if (text !== undefined) signs.push({ at, text });
  }
  return {
    signs,
    alarms: alarms.filter(({ to }) => to === null || to >= range.since),
    others,
    ownRestarts,
    printed: (from, to) => firstError(store, service, from, to),
  };
}

function firstError(store: RecordReader, service: string, from: number, to: number): Sign | undefined {
  const [found] = store.query({
    services: [service],
    kinds: ['log'],
    level: LEVELS.error,
    since: from * 1000,
    until: to * 1000,
    take: 'oldest',
    limit: 1,
  });
  return found && { at: Math.floor(found.time / 1000), text: `it said: ${found.message}` };
}

type Alarms = { -readonly [K in keyof LiveAlarm]: LiveAlarm[K] }[];

function followAlarm(alarms: Alarms, at: number, { to }: Readonly<Record<string, unknown>>): void {
  const last = alarms.at(-1);
  const open = last?.to === null ? last : undefined;
  if (!FAILING.includes(to)) {
    if (open !== undefined) open.to = at;
  } else if (open === undefined) alarms.push({ from: at, to: null, worst: String(to) });
  else if (open.worst !== 'flapping' && to !== 'late') open.worst = String(to);
}

/** What a watch did, as far as it costs or has a cool-down; undefined for all else. */
function actionOf({ kind, fields = {} }: StoredRecord, at: number): OtherAction | undefined {
  const { watch, action, outcome } = fields;
  if (kind !== 'action' || typeof watch !== 'string' || outcome !== undefined) return undefined;
  if (action === 'restart' || action === 'restart-dependents') return { at, costs: true };
  return action === 'run' || action === 'stop' ? { at, costs: false } : undefined;
}

/** What a record says of trouble; undefined where it says nothing. */
function signOf({ kind, level, message, fields = {} }: StoredRecord): string | undefined {
  const { asked, by, action, subject, to } = fields;
  switch (kind) {
    case 'exit':
      return asked !== true && level >= LEVELS.warn ? message : undefined;
    case 'action':
      return by === 'person' && (action === 'restart' || action === 'stop') ? message : undefined;
    case 'gap':
      return message;
    case 'flip':
      if (subject === 'watch') return FAILING.includes(to) ? message : undefined;
      return level >= LEVELS.warn ? message : undefined;
    default:
      return undefined;
  }
}
