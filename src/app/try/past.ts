import { err, ok, type Result } from '../../core/result.ts';
import type { RecordReader } from '../../hub/store/sqlite.ts';
import type { LineReader, Reading } from '../../watch/kind.ts';
import type { LookHistory, SeriesSpan } from '../../watch/looks/history.ts';
import { sourceHash } from '../../watch/looks/keeper.ts';
import type { KeptEvent } from '../../watch/looks/look.ts';
import type { Range } from '../../watch/replay/tally.ts';
import { clockTime } from '../clock-time.ts';
import type { PlannedService } from '../plan.ts';
import { outputEvents } from './output-events.ts';
import { outputBegins, outputLines } from './output-lines.ts';
import { pastLives } from './past-lives.ts';

/** What a trial is judged by. */
export interface Past {
  /** `looks`: what a watch read then. `output`: what the service printed, read again. */
  readonly kind: 'looks' | 'output';
  /** Between which moments there is anything; wall milliseconds. */
  readonly first: number;
  readonly last: number;
  /** Each call begins anew. */
  events(from: number, until: number): Iterable<KeptEvent>;
  /** What is to be known of it, once it was read. */
  notes(): readonly string[];
}

/** What is looked for. */
export interface PastWanted {
  readonly service: PlannedService;
  /** The watch's name: of several that read the same, the one that is called so is taken. */
  readonly name: string;
  readonly source: readonly string[];
  /** Makes a reader of the service's output that has read nothing yet; undefined where the watch reads something else. */
  readonly reader: () => LineReader<Reading> | undefined;
  readonly log: string;
  readonly everyMs: number;
  readonly range: Range;
  /** Whether a reading has what is judged by. */
  readonly fits: (reading: Reading) => boolean;
  readonly history: LookHistory | undefined;
  readonly store: RecordReader | undefined;
  /** When the daemon was last heard of, wall milliseconds; null where it runs. */
  readonly heardAt: number | null;
}

/** Finds what there is of the past in a range. The error says of what there is any, and from when to when. */
export function findPast(wanted: PastWanted): Result<Past, string> {
  const { range } = wanted;
  const looks = keptLooks(wanted);
  const output = printedOutput(wanted);
  const within = [looks, output].filter(
    (past) => past !== undefined && past.first < range.until && past.last > range.since,
  ) as Past[];
  // What a watch truly saw, unless its output reaches much further back than that.
  const [kept, printed] = [
    within.find(({ kind }) => kind === 'looks'),
    within.find(({ kind }) => kind === 'output'),
  ];
  const reach = (past: Past): number => range.until - Math.max(past.first, range.since);
  if (kept === undefined && printed === undefined) return err(nothing(wanted, looks ?? output));
  if (kept === undefined) return ok(printed as Past);
  if (printed !== undefined && reach(kept) < 0.9 * reach(printed)) return ok(printed);
  const unfit = countUnfit(kept, wanted);
  if (unfit === 0) return ok(kept);
  const note = `at ${unfit} looks what it judges by was not kept: they count as unable to look`;
  return ok(printed ?? { ...kept, notes: () => [...kept.notes(), note] });
}

function countUnfit(past: Past, { range, fits }: PastWanted): number {
  let unfit = 0;
  for (const event of past.events(range.since, range.until))
    if (event.kind === 'look' && event.reading !== undefined && !fits(event.reading)) unfit += 1;
  return unfit;
}

/** What is kept of a watch that read the same. */
function keptLooks({ service, name, source, range, history }: PastWanted): Past | undefined {
  if (history === undefined) return undefined;
  const hash = sourceHash(source);
  const overlap = ({ first, last }: SeriesSpan): number =>
    Math.min(last, range.until) - Math.max(first, range.since);
  const [series] = history
    .series(service.name)
    .filter((each) => each.source === hash)
    .toSorted((a, b) => Number(b.watch === name) - Number(a.watch === name) || overlap(b) - overlap(a));
  if (series === undefined) return undefined;
  const notes = (): string[] => {
    const other = series.watch === name ? [] : [`it is judged by what the watch ${series.watch} read`];
    const damaged =
      history.damaged() === 0 ? [] : [`${history.damaged()} parts of the history cannot be read`];
    return [...other, ...damaged];
  };
  return {
    kind: 'looks',
    first: series.first,
    last: series.last,
    events: (from, until) => history.events(series, from, until),
    notes,
  };
}

/** What the service printed, where that is all that a watch reads. */
function printedOutput(wanted: PastWanted): Past | undefined {
  const { service, reader, log, everyMs, range, store, heardAt } = wanted;
  if (reader() === undefined || store === undefined) return undefined;
  const begins = outputBegins(log);
  if (begins === undefined) return undefined;
  const lives = pastLives(store, service.name, service.ready !== undefined, heardAt ?? range.until);
  const first = lives.find(({ endedAt }) => endedAt === null || endedAt > begins);
  if (first === undefined) return undefined;
  const last = Math.max(...lives.map(({ endedAt }) => endedAt ?? heardAt ?? range.until));
  return {
    kind: 'output',
    first: Math.max(begins, first.startedAt),
    last,
    events: (from, until) =>
      outputEvents(outputLines(log, begins), lives, reader() as LineReader<Reading>, {
        from,
        until: Math.min(until, last),
        everyMs,
      }),
    notes: () => [],
  };
}

/** Why there is nothing to judge by in a range, and from when to when there is something. */
export function nothingBetween(
  service: string,
  watch: string,
  { since, until }: Range,
  { first, last }: Past,
): string {
  const between = `between ${clockTime(since)} and ${clockTime(until)}`;
  const there = `there is some from ${clockTime(first)} to ${clockTime(last)}`;
  return `cannot find any history for ${service}/${watch} ${between}; ${there}`;
}

/** Why there is nothing to judge by, and of what there is something. */
function nothing({ service, name, range, history }: PastWanted, elsewhen: Past | undefined): string {
  if (elsewhen !== undefined) return nothingBetween(service.name, name, range, elsewhen);
  const kept = history?.series(service.name) ?? [];
  const of = [...new Set(kept.map(({ watch, kind }) => (watch === kind ? watch : `${watch} (${kind})`)))];
  const others =
    of.length === 0 ? 'nothing is kept of any watch of it' : `it is kept what these saw: ${of.join(', ')}`;
  return `cannot find any history for ${service.name}/${name}: no watch has looked at that; ${others}`;
}
