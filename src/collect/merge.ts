import type { CommittedLine } from './committed.ts';

export interface MergeInput {
  /** No line of it has a smaller sequence number: it is not opened before its turn. */
  readonly first: number;
  readonly chunks: AsyncGenerator<readonly CommittedLine[], void>;
}

interface Cursor {
  readonly input: MergeInput;
  lines: readonly CommittedLine[];
  at: number;
}

/** How many lines are handed over together. */
const BATCH = 1_000;

/** Lines of several inputs, each in order, as one in order. Lines of one frame share a number and stay together as they lie. */
export async function* mergeBySeq(inputs: readonly MergeInput[]): AsyncGenerator<CommittedLine[], void> {
  const waiting = [...inputs].sort((a, b) => a.first - b.first);
  const active: Cursor[] = [];
  try {
    let batch: CommittedLine[] = [];
    for (;;) {
      await admit(waiting, active);
      const cursor = smallest(active);
      if (cursor === undefined) break;
      batch.push(cursor.lines[cursor.at] as CommittedLine);
      cursor.at += 1;
      if (batch.length >= BATCH) {
        yield batch;
        batch = [];
      }
      if (cursor.at === cursor.lines.length && !(await advance(cursor)))
        active.splice(active.indexOf(cursor), 1);
    }
    if (batch.length > 0) yield batch;
  } finally {
    for (const cursor of active) await cursor.input.chunks.return();
  }
}

/** Opens every input whose turn may have come. */
async function admit(waiting: MergeInput[], active: Cursor[]): Promise<void> {
  while (waiting[0] !== undefined) {
    const next = smallest(active);
    if (next !== undefined && waiting[0].first > (next.lines[next.at] as CommittedLine).seq) return;
    const cursor: Cursor = { input: waiting.shift() as MergeInput, lines: [], at: 0 };
    if (await advance(cursor)) active.push(cursor);
  }
}

async function advance(cursor: Cursor): Promise<boolean> {
  const { value, done } = await cursor.input.chunks.next();
  cursor.lines = done === true || value === undefined ? [] : value;
  cursor.at = 0;
  return cursor.lines.length > 0;
}

/** The cursor with the smallest line; there are rarely more than two or three. */
function smallest(active: readonly Cursor[]): Cursor | undefined {
  let best: Cursor | undefined;
  for (const cursor of active) {
    if (best === undefined || seqAt(cursor) < seqAt(best)) best = cursor;
  }
  return best;
}

function seqAt(cursor: Cursor): number {
  return (cursor.lines[cursor.at] as CommittedLine).seq;
}
