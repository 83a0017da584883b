import type { Intake, ReadyFile } from '../engine/intake.ts';
import type { Sighting } from '../ledger/ledger.ts';
import { type Course, stateOf } from './course.ts';
import { type Clocks, type Pending, sightingOf } from './pending.ts';
import { lookOf } from './settling.ts';

/** What comes of files that were looked at together; written at once. */
export interface Outcome {
  /** Where files are on their way. */
  readonly notes: { readonly file: Pending; readonly sighting: Sighting; readonly text: string }[];
  /** Files that go no further. */
  readonly verdicts: { readonly file: Pending; readonly sighting: Sighting }[];
  readonly ready: { readonly file: Pending; readonly group?: string }[];
}

export function noOutcome(): Outcome {
  return { notes: [], verdicts: [], ready: [] };
}

/** A file goes no further. */
export function conclude(
  file: Pending,
  state: 'failed' | 'ignored' | 'done',
  why: string,
  { verdicts }: Outcome,
): void {
  verdicts.push({ file, sighting: { ...sightingOf(file), state, why } });
}

/** Has it written down where a file is, where that is something new. */
export function note(file: Pending, course: Course, { notes }: Outcome, clocks: Clocks): void {
  const { state, why } = stateOf(course);
  // Until it is known to be another content, the ledger has the one before.
  const isSure = state === 'waiting' && why !== 'checksum' && why !== 'marker';
  if (file.before !== undefined && !isSure) return;
  const until = typeof file.gate === 'object' ? file.gate.closedUntil : '';
  const text = state === 'settling' ? state : `${why} ${until} ${lookOf(file.identity)}`;
  if (file.written === text) return;
  const due = Math.round(clocks.now() + file.due - clocks.monotonic());
  const sighting = {
    ...sightingOf(file),
    state,
    ...(why === undefined ? {} : { why }),
    ...(state === 'waiting' && Number.isFinite(due) ? { due } : {}),
  };
  notes.push({ file, text, sighting });
}

/** Writes all of it to the ledger. */
export async function writeOutcome(
  { notes, verdicts, ready }: Outcome,
  inbox: string,
  intake: Intake,
  clocks: Clocks,
): Promise<void> {
  if (notes.length > 0) {
    const sightings = notes.map(({ sighting }) => sighting);
    const written = await intake.sight(inbox, sightings);
    for (const [at, { file, text }] of notes.entries()) {
      file.id = written[at]?.id;
      file.written = text;
    }
  }
  if (verdicts.length > 0) {
    const sightings = verdicts.map(({ sighting }) => sighting);
    await intake.sight(inbox, sightings);
  }
  if (ready.length === 0) return;
  const files = ready.map(({ file, group }): ReadyFile => {
    const settledAt = file.settledAt ?? clocks.now();
    return { ...sightingOf(file), settledAt, ...(group === undefined ? {} : { group }) };
  });
  await intake.arrive(inbox, files);
}
