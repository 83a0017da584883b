import type { Clock } from '../core/clock.ts';
import { watchChanges } from './changes.ts';
import {
  type Committed,
  type CommittedLine,
  type CommittedPart,
  openPartLines,
  readCommitted,
} from './committed.ts';
import type { Layout } from './layout.ts';
import { type MergeInput, mergeBySeq } from './merge.ts';

export interface TailOptions {
  readonly layout: Layout;
  readonly clock: Clock;
  /** Begin with the newest so many lines … */
  readonly last: number;
  /** … or, where given, with the first line behind this sequence number. */
  readonly from?: number;
  /** Go on with what is committed from now on, until `signal` aborts. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Told of each part whose file is not here any more. */
  readonly missing: (part: string) => void;
}

/** How far each part was read, bytes. */
type Progress = Map<string, number>;

/** What is wanted of each epoch: lines behind a number, or everything. */
type Wanted = (epoch: number) => number;

const EVERYTHING = -1;

/**
 * Committed lines alone, across all parts, in the order of their epochs and sequence numbers: never a line twice, never half
 * a line. Yields them in batches. Everything is read from the files, so a slow reader costs the collector nothing.
 */
export async function* tailLines(options: TailOptions): AsyncGenerator<readonly string[], void> {
  const progress: Progress = new Map();
  const changes = watchChanges(options.layout, options.clock, options.signal);
  try {
    let committed = await readCommitted(options.layout);
    const wanted = wantedFrom(options.from, committed?.checkpoint.epoch ?? 1);
    if (committed !== undefined && options.from === undefined)
      yield await newest(options, committed, progress);
    if (committed !== undefined && options.from !== undefined)
      yield* unread(options, committed, progress, wanted);
    while (options.follow && (await changes.next())) {
      const now = await readCommitted(options.layout);
      if (now === undefined || now.checkpoint.k === committed?.checkpoint.k) continue;
      committed = now;
      yield* unread(options, now, progress, wanted);
    }
  } finally {
    changes.close();
  }
}

/** A number means one of the epoch that is current at the start: of older ones nothing is wanted, of later ones all. */
function wantedFrom(from: number | undefined, current: number): Wanted {
  return (epoch) => {
    if (from === undefined || epoch > current) return EVERYTHING;
    return epoch === current ? from : Number.POSITIVE_INFINITY;
  };
}

/** The parts of each epoch, the oldest epoch first. */
function byEpoch(parts: readonly CommittedPart[]): [number, CommittedPart[]][] {
  const epochs = Map.groupBy(parts, (part) => part.epoch);
  return [...epochs].sort(([a], [b]) => a - b);
}

/** The newest lines, as many as were asked for; everything that is committed then counts as read. */
async function newest(options: TailOptions, committed: Committed, progress: Progress): Promise<string[]> {
  for (const part of committed.parts) progress.set(part.name, part.bytes);
  let kept: string[] = [];
  for (const [, parts] of byEpoch(committed.parts).reverse()) {
    const more = await newestOf({ ...options, last: options.last - kept.length }, parts);
    kept = [...more.map((line) => line.text), ...kept];
    if (kept.length >= options.last) break;
  }
  return kept;
}

/** The newest lines among parts of one epoch. */
async function newestOf(options: TailOptions, parts: readonly CommittedPart[]): Promise<CommittedLine[]> {
  let kept: CommittedLine[] = [];
  for (const part of [...parts].sort((a, b) => b.last - a.last)) {
    const oldest =
      kept.length < options.last ? Number.NEGATIVE_INFINITY : (kept[0]?.seq ?? Number.POSITIVE_INFINITY);
    if (part.last < oldest) break;
    const more = [...(await lastLines(options, part)), ...kept].sort((a, b) => a.seq - b.seq);
    kept = more.slice(Math.max(0, more.length - options.last));
  }
  return kept;
}

/** The last lines of one part, read from its end in growing pieces. */
async function lastLines(options: TailOptions, part: CommittedPart): Promise<CommittedLine[]> {
  for (let span = 65_536; ; span *= 4) {
    const chunks = await openPartLines(options.layout, part.name, Math.max(0, part.bytes - span), part.bytes);
    if (chunks === undefined) {
      options.missing(part.name);
      return [];
    }
    let kept: CommittedLine[] = [];
    for await (const lines of chunks) kept = [...kept, ...lines].slice(-options.last);
    if (kept.length >= options.last || span >= part.bytes) return kept;
  }
}

/** What was committed since the last look, epoch by epoch, each in order. */
async function* unread(
  options: TailOptions,
  committed: Committed,
  progress: Progress,
  wanted: Wanted,
): AsyncGenerator<string[], void> {
  for (const [epoch, parts] of byEpoch(committed.parts)) {
    const after = wanted(epoch);
    const readers: MergeInput[] = [];
    for (const part of parts) {
      const from = progress.get(part.name) ?? 0;
      progress.set(part.name, part.bytes);
      if (from >= part.bytes || part.last <= after) continue;
      // Only an untouched part says where it begins; of the others the next line can be any.
      readers.push({ first: from === 0 ? part.first : 0, chunks: lazily(options, part, from) });
    }
    for await (const lines of mergeBySeq(readers)) {
      const texts = lines.filter((line) => line.seq > after).map((line) => line.text);
      if (texts.length > 0) yield texts;
    }
  }
}

async function* lazily(
  options: TailOptions,
  part: CommittedPart,
  from: number,
): AsyncGenerator<CommittedLine[], void> {
  const chunks = await openPartLines(options.layout, part.name, from, part.bytes);
  if (chunks === undefined) options.missing(part.name);
  else yield* chunks;
}
