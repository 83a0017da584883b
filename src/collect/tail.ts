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
import { mergeBySeq } from './merge.ts';

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

/**
 * Committed lines alone, across all parts, in the order of their sequence numbers: never a line twice, never half a line.
 * Yields them in batches. Everything is read from the files, so a slow reader costs the collector nothing.
 */
export async function* tailLines(options: TailOptions): AsyncGenerator<readonly string[], void> {
  const progress: Progress = new Map();
  const changes = watchChanges(options.layout, options.clock, options.signal);
  try {
    let committed = await readCommitted(options.layout);
    if (committed !== undefined && options.from === undefined)
      yield await newest(options, committed, progress);
    if (committed !== undefined && options.from !== undefined)
      yield* unread(options, committed, progress, options.from);
    while (options.follow && (await changes.next())) {
      const now = await readCommitted(options.layout);
      if (now === undefined || now.checkpoint.k === committed?.checkpoint.k) continue;
      committed = now;
      yield* unread(options, now, progress, options.from ?? -1);
    }
  } finally {
    changes.close();
  }
}

/** The newest lines, as many as were asked for; everything that is committed then counts as read. */
async function newest(options: TailOptions, committed: Committed, progress: Progress): Promise<string[]> {
  let kept: CommittedLine[] = [];
  for (const part of [...committed.parts].sort((a, b) => b.last - a.last)) {
    progress.set(part.name, part.bytes);
    const oldest =
      kept.length < options.last ? Number.NEGATIVE_INFINITY : (kept[0]?.seq ?? Number.POSITIVE_INFINITY);
    if (part.last < oldest) continue;
    const more = [...(await lastLines(options, part)), ...kept].sort((a, b) => a.seq - b.seq);
    kept = more.slice(Math.max(0, more.length - options.last));
  }
  return kept.map((line) => line.text);
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

/** What was committed since the last look, in order, beginning behind `after`. */
async function* unread(
  options: TailOptions,
  committed: Committed,
  progress: Progress,
  after: number,
): AsyncGenerator<string[], void> {
  const readers: { first: number; chunks: AsyncGenerator<CommittedLine[], void> }[] = [];
  for (const part of committed.parts) {
    const from = progress.get(part.name) ?? 0;
    progress.set(part.name, part.bytes);
    if (from >= part.bytes || part.last <= after) continue;
    const chunks = lazily(options, part, from);
    // Only an untouched part says where it begins; of the others the next line can be any.
    readers.push({ first: from === 0 ? part.first : 0, chunks });
  }
  for await (const lines of mergeBySeq(readers)) {
    const wanted = lines.filter((line) => line.seq > after);
    if (wanted.length > 0) yield wanted.map((line) => line.text);
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
