import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from '../../../core/result.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { findSame, quarantine } from './conflicts.ts';
import { type Copies, type Outgoing, prepare } from './copies.ts';
import { type Course, rowOf } from './course.ts';
import type { HistoryRow } from './history-tables.ts';
import { publicName, supplementName } from './names.ts';
import { PUBLISH_DEFAULTS } from './options.ts';
import type { Candidate } from './selection.ts';

/** A file that is to be published, and what of it is known so far. */
export interface Work {
  readonly candidate: Candidate;
  /** The row that is the latest of it. */
  readonly row: HistoryRow | undefined;
  /** It takes the place of its own earlier content. */
  readonly isAgain: boolean;
  /** The checksum of the new content of what lies there with an earlier one. */
  readonly changedTo?: string;
}

/** What is about to be published. */
export interface Draft extends Outgoing {
  readonly work: Work;
  readonly place: string;
  readonly base: string;
  readonly supplement: number;
  readonly temp: string;
  /** What may lie at its place, and is replaced. */
  readonly replaces: string | null;
}

/** The public name of a file, without the number of a supplement. The error is a clause. */
export function baseOf(course: Course, { candidate, row, isAgain }: Work): Result<string, string> {
  if (isAgain && row?.baseName != null) return ok(row.baseName);
  const made = publicName(course.naming.as, candidate.values);
  return made.ok ? ok(made.value) : err(made.error);
}

/**
 * Decides what becomes of a file, and writes that down where it is not published: then it answers with nothing.
 * @throws LeftAlone with the reason why it is an error.
 */
export async function decide(
  course: Course,
  copies: Copies,
  work: Work,
  base: string,
): Promise<Draft | undefined> {
  const { candidate, row, isAgain } = work;
  const place = isAgain ? (row?.publicName ?? base) : base;
  const own = await prepare(course, copies, candidate, place);
  const draft: Draft = {
    ...own,
    work,
    place,
    base,
    supplement: isAgain ? (row?.supplement ?? 0) : 0,
    temp: tempBeside(place),
    replaces: isAgain ? replacedBy(row) : null,
  };
  if (isAgain) return draft;
  const others = course.history.named(base).filter(({ path }) => path !== candidate.path);
  if (others.length === 0) return draft;
  const same = await findSame(course, copies, candidate, own, others);
  if (same !== undefined) {
    const why = `holds the same as ${same.path}, which lies there as ${same.publicName ?? ''}`;
    course.history.set(
      row,
      rowOf(course, candidate, { ...contentOf(own), baseName: base, state: 'ignored', why }),
    );
    course.report.note('ignored', candidate.path, why);
    return undefined;
  }
  return asSupplement(course, copies, draft, others);
}

/** Another content of a public name that is taken. */
async function asSupplement(
  course: Course,
  copies: Copies,
  draft: Draft,
  others: readonly HistoryRow[],
): Promise<Draft | undefined> {
  const { work, base } = draft;
  const { candidate, row } = work;
  const { conflict } = course.options;
  const allowed = conflict?.supplements ?? PUBLISH_DEFAULTS.supplements;
  const n = 1 + Math.max(...others.map(({ supplement }) => supplement));
  if (n <= allowed) {
    const name = supplementName(course.naming, base, candidate.values, n);
    if (!name.ok) throw new LeftAlone(name.error);
    const isHooked = (course.options.hooks ?? []).length > 0;
    // What a hook writes into the copy may be its name.
    const own = isHooked ? await prepare(course, copies, candidate, name.value, { n: String(n) }) : draft;
    return { ...draft, ...own, place: name.value, temp: tempBeside(name.value), supplement: n };
  }
  const first = others[0];
  const clash = `its public name ${base} is that of ${first?.path ?? ''}, which holds something else`;
  const limit = allowed === 0 ? '' : `, and has its ${allowed} supplement${allowed === 1 ? '' : 's'} already`;
  const hint = conflict === undefined ? ': write a template (`as`) that tells them apart, or `conflict`' : '';
  if (course.quarantine === undefined) throw new LeftAlone(`${clash}${limit}${hint}`);
  const put = course.dryRun ? undefined : await quarantine(course, draft, base);
  const why = `${clash}${limit}${put === undefined ? '' : `; put aside as ${join(course.quarantine, put)}`}`;
  const content = { ...contentOf(draft), baseName: base, supplement: allowed };
  course.history.set(row, rowOf(course, candidate, { ...content, state: 'quarantined', why }));
  course.report.refuse(candidate.path, why);
  return undefined;
}

/** What the history keeps of a content. */
export function contentOf({ sha256, sourceBytes, mtimeNs }: Outgoing) {
  return { sha256, bytes: sourceBytes, mtimeNs };
}

/** What its own earlier content is at the target; kept while it is tried again. */
function replacedBy(row: HistoryRow | undefined): string | null {
  if (row === undefined) return null;
  return row.state === 'published' || row.state === 'supplement' ? (row.sent ?? '') : row.replaces;
}

/** A name that nobody looks at, beside a place. */
function tempBeside(place: string): string {
  return join(dirname(place), `.${basename(place)}.${randomBytes(6).toString('hex')}.tmp`);
}
