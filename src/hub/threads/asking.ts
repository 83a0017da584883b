import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { HubFilter, HubPage, HubQuery, Place } from '../blocks/query.ts';
import { MOST_TEXT } from '../blocks/read.ts';
import type { Around, Context } from '../blocks/read-behind.ts';
import type { CountsQuery, StepCount } from '../blocks/read-counts.ts';
import { MOST_VALUES, VALUE_COLUMNS, type ValueColumn } from '../blocks/read-values.ts';
import type { HubRow } from '../blocks/row.ts';
import type { ReaderCall, ReaderValues } from './messages.ts';
import { RefusedError, type Thread } from './thread.ts';

/** Questions to a thread that reads, piece by piece: between two pieces of a long one others get their turn. */
export interface Asking {
  /** The error is a clause: what of the query cannot be used. @param ms how long it may take. @param signal ends it early, as its time does. */
  newest(query: HubQuery, ms: number, signal?: AbortSignal): Promise<Result<HubPage, string>>;
  counts(
    query: Omit<CountsQuery, 'behind'>,
    ms: number,
    signal?: AbortSignal,
  ): Promise<Result<HubCounts, string>>;
  /** What there is to choose from in a stretch of time. */
  values(
    filter: Pick<HubFilter, 'agents' | 'since' | 'until'>,
    ms: number,
    signal?: AbortSignal,
  ): Promise<HubValues>;
  /** A record and its neighbours; null where there is none, or it may not be seen. */
  context(around: Omit<Around, 'upTo'>): Promise<Context | null>;
}

export interface HubCounts {
  /** The oldest first. */
  readonly counts: readonly StepCount[];
  /** Where its time was used up: only what happened after this was counted, microseconds. */
  readonly cut: number | null;
}

export interface HubValues {
  readonly values: Readonly<Record<ValueColumn, readonly string[]>>;
  /** Whether there may be more: its time was used up, or there are too many. */
  readonly cut: boolean;
}

/** How long one piece may take, milliseconds. */
const PIECE_MS = 50;
const CONTEXT_MS = 250;

type Reader = Pick<Thread<ReaderCall>, 'ask'>;
/** Asks piece by piece within a time: `piece` says whether it goes on. */
type InPieces = (
  ms: number,
  signal: AbortSignal | undefined,
  piece: (ms: number) => Promise<boolean>,
) => Promise<void>;

export function createAsking(reader: Reader, position: () => number, clock: Clock): Asking {
  const inPieces: InPieces = async (ms, signal, piece) => {
    const end = clock.monotonic() + ms;
    for (let left = ms; ; left = end - clock.monotonic()) {
      const goesOn = await piece(Math.max(0, Math.min(PIECE_MS, left)));
      if (!goesOn || clock.monotonic() >= end || signal?.aborted === true) return;
    }
  };
  return {
    newest: askNewest(reader, inPieces),
    counts: askCounts(reader, inPieces),
    values: askValues(reader, inPieces),
    context: (around) =>
      reader.ask({ what: 'context', around: { ...around, upTo: position() }, ms: CONTEXT_MS }),
  };
}

function askNewest(reader: Reader, inPieces: InPieces): Asking['newest'] {
  return (query, ms, signal) =>
    refusable(async () => {
      const rows: HubRow[] = [];
      let [text, of, scanned, cut] = [0, -1, 0, false];
      let next: Place | null = query.behind ?? null;
      await inPieces(ms, signal, async (left) => {
        const asked: HubQuery = { ...query, limit: query.limit - rows.length, ...behind(next) };
        const page = await reader.ask<HubPage>({ what: 'newest', query: asked, ms: left });
        if (of < 0) of = page.of;
        scanned = Math.max(scanned, of - (page.of - page.scanned));
        for (const row of page.rows) {
          rows.push(row);
          text += row.message.length + row.fields.length;
        }
        next = page.next;
        cut = page.cut && text < MOST_TEXT;
        return cut;
      });
      return { rows, next, cut, scanned, of };
    });
}

function askCounts(reader: Reader, inPieces: InPieces): Asking['counts'] {
  return (query, ms, signal) =>
    refusable(async () => {
      const sums = new Map<string, StepCount>();
      let next: Place | null = null;
      await inPieces(ms, signal, async (left) => {
        const asked: CountsQuery = { ...query, ...behind(next) };
        const page = await reader.ask<ReaderValues['counts']>({ what: 'counts', query: asked, ms: left });
        for (const each of page.counts) {
          const key = `${each.time} ${each.level}`;
          sums.set(key, { ...each, count: each.count + (sums.get(key)?.count ?? 0) });
        }
        next = page.next;
        return next !== null;
      });
      const counts = [...sums.values()].toSorted((a, b) => a.time - b.time || a.level - b.level);
      return { counts, cut: (next as Place | null)?.time ?? null };
    });
}

function askValues(reader: Reader, inPieces: InPieces): Asking['values'] {
  return async (filter, ms, signal) => {
    const found = new Map<ValueColumn, Set<string>>();
    let next: Place | null = null;
    await inPieces(ms, signal, async (left) => {
      const query = { filter, ...behind(next) };
      const page = await reader.ask<ReaderValues['values']>({ what: 'values', query, ms: left });
      for (const column of VALUE_COLUMNS)
        found.set(column, new Set([...(found.get(column) ?? []), ...page.values[column]]));
      next = page.next;
      return next !== null;
    });
    const listed = VALUE_COLUMNS.map(
      (column) => [column, [...(found.get(column) ?? [])].toSorted()] as const,
    );
    const isMuch = listed.some(([, values]) => values.length >= MOST_VALUES);
    const values = Object.fromEntries(listed.map(([column, all]) => [column, all.slice(0, MOST_VALUES)]));
    return { values: values as Record<ValueColumn, string[]>, cut: isMuch || next !== null };
  };
}

function behind(place: Place | null): { readonly behind?: Place } {
  return place === null ? {} : { behind: place };
}

async function refusable<T>(work: () => Promise<T>): Promise<Result<T, string>> {
  try {
    return ok(await work());
  } catch (error) {
    if (error instanceof RefusedError) return err(error.message);
    throw error;
  }
}
