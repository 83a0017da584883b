import type { Intake, ReadyFile } from '../engine/intake.ts';
import type { Sighting } from '../ledger/ledger.ts';
import { type Course, stateOf } from './course.ts';
import { type Clocks, type Pending, placeText, sightingOf, type Steady, type Written } from './pending.ts';

/** What comes of files that were looked at together; written at once. */
export interface Outcome {
  /** Where files are on their way. */
  readonly notes: { readonly file: Pending; readonly sighting: Sighting; readonly written: Written }[];
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

/** What is due by so little earlier or later than the ledger says is not written anew, milliseconds. */
const ABOUT = 1000;

/** Has it written down where a file is, where that is something new. */
export function note(file: Pending, course: Course, { notes }: Outcome, steady: Steady): void {
  const { state, why } = stateOf(course);
  // Until it is known to be another content, the ledger has the one before.
  const isSure = state === 'waiting' && why !== 'checksum' && why !== 'marker';
  if (file.before !== undefined && !isSure) return;
  const due = Number.isFinite(file.due) ? Math.round(steady.wallOf(file.due)) : null;
  const written = { text: placeText(state, why ?? null, file.identity), due };
  if (file.written !== undefined && isSame(file.written, written)) return;
  const sighting = {
    ...sightingOf(file),
    state,
    ...(why === undefined ? {} : { why }),
    ...(due === null ? {} : { due }),
  };
  notes.push({ file, written, sighting });
}

function isSame(a: Written, b: Written): boolean {
  if (a.text !== b.text) return false;
  return a.due === null || b.due === null ? a.due === b.due : Math.abs(a.due - b.due) <= ABOUT;
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
    for (const [at, { file, written: now }] of notes.entries()) {
      file.id = written[at]?.id;
      file.written = now;
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
