import { createHash } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Files } from '../../../core/files.ts';
import type { LedgerProduct } from '../../../core/ledger.ts';
import type { VerbContext } from '../../../core/verb.ts';
import { type Content, readContent, withFile } from '../../files/content.ts';
import { depart } from '../../files/departure.ts';
import { makeFolders } from '../../files/folders.ts';
import { isSame } from '../../files/identity.ts';
import { moveFile, type Moving, settleEqual } from '../../files/moving.ts';
import { removeProved } from '../../files/removal.ts';
import type { Root } from '../../files/root.ts';
import { lookOrGone } from '../../files/settling.ts';
import { durably, LeftAlone } from '../../files/trouble.ts';
import type { Programs } from '../../program.ts';
import { findPlace } from '../stage/places.ts';
import { type Caps, extract, type Extracted, mostUnpacked } from './extracting.ts';
import { readEntries, splitName } from './formats.ts';
import { UNPACK_DEFAULTS, type UnpackOptions } from './options.ts';

/** What all steps of a run work with. */
export interface Course extends Moving {
  readonly root: Root;
  /** Real path of the folder that is unpacked into; of the one that archives are moved to. */
  readonly to: string;
  readonly aside: string | undefined;
  readonly options: UnpackOptions;
  readonly context: VerbContext;
  readonly programs: Programs;
}

export type Unpacked = { readonly into: string } & (
  | ({ readonly kind: 'unpacked' } & Extracted)
  /** A run before has done it. */
  | { readonly kind: 'known' }
);

/** Whether a run before has unpacked an archive as it is now, by size and time alone. */
export function isKnown(
  { root, context }: Course,
  path: string,
  look: { bytes: number; mtimeMs: number },
): boolean {
  const row = context.ledger.file(root.path, path);
  const product = context.ledger.product(root.path, path, context.job);
  return (
    row !== undefined &&
    row.purged === null &&
    row.purging === null &&
    row.bytes === look.bytes &&
    row.mtimeMs === look.mtimeMs &&
    product?.sha256 === row.sha256 &&
    product.doneAt !== null
  );
}

/**
 * Unpacks one archive: into a folder of our own beside the final place, which gets its name when all of it is durable and read back.
 * @throws LeftAlone with the reason why it is refused; then nothing of it is left. Node's system errors.
 */
export async function unpackOne(course: Course, path: string): Promise<Unpacked> {
  const { root, files, signal, context, options, to } = course;
  const { ledger, job } = context;
  const full = join(root.path, path);
  const content = await readContent(full, signal, files);
  const { sha256, bytes, look } = content;
  const before = ledger.product(root.path, path, job);
  ledger.take({ root: root.path, path, sha256, bytes, mtimeMs: look.mtimeMs });
  const isOurs = before?.sha256 === sha256;
  // What a killed run gave its name, and could not write down any more.
  if (isOurs && (before.doneAt !== null || (await lookOrGone(before.into)) !== undefined)) {
    await durably(`the name of ${before.into}`, syncIfThere(files, dirname(before.into)));
    ledger.produced(root.path, path, { ...before, doneAt: before.doneAt ?? context.clock.now() });
    return { kind: 'known', into: before.into };
  }
  if (before?.doneAt != null && (options.exists ?? UNPACK_DEFAULTS.exists) === 'error')
    throw new LeftAlone(`another content of this name was unpacked before, to ${before.into}`);
  const place = await placeFor(course, path);
  const into = join(to, place);
  await makeFolders(files, to, dirname(place));
  const hidden = privateFolder(course, path);
  await rm(hidden, { recursive: true, force: true });
  try {
    const extracted = await extractInto(course, path, content, hidden);
    const product: LedgerProduct = { job, sha256, into, begunAt: context.clock.now(), doneAt: null };
    ledger.produced(root.path, path, product);
    await files.rename(hidden, into);
    await durably(`the name of ${into}`, files.syncFolder(dirname(into)));
    ledger.produced(root.path, path, { ...product, doneAt: context.clock.now() });
    return { kind: 'unpacked', into, ...extracted };
  } catch (thrown) {
    await rm(hidden, { recursive: true, force: true }).catch(() => undefined);
    throw thrown;
  }
}

/** Whoever works on what was unpacked may have taken it away. */
async function syncIfThere(files: Files, folder: string): Promise<void> {
  if ((await lookOrGone(folder)) !== undefined) await files.syncFolder(folder);
}

/** Where an archive is unpacked, below the target. */
export async function placeFor({ options, to }: Course, path: string): Promise<string> {
  const name = splitName(path);
  if (name === undefined) throw new LeftAlone('it is no archive by the ending of its name');
  const exists = options.exists ?? UNPACK_DEFAULTS.exists;
  // A folder has no ending that a number would come before.
  for (let number = 1; ; number += 1) {
    const place = number === 1 ? name.path : `${name.path}-${number}`;
    if ((await lookOrGone(join(to, place))) === undefined) return place;
    if (exists === 'error')
      throw new LeftAlone(`${join(to, place)} is there already, and not from this archive`);
  }
}

/** The same one for the same archive, so that a run removes what a killed one left, and never another's. */
function privateFolder({ root, to }: Pick<Course, 'root' | 'to'>, path: string): string {
  const mark = createHash('sha256').update(join(root.path, path)).digest('hex').slice(0, 12);
  const into = join(to, splitName(path)?.path ?? path);
  return join(dirname(into), `.${basename(into).slice(0, 200)}.${mark}.tmp`);
}

/** Removes what a killed run left of archives that are not there any more. */
export async function removeLeftovers(course: Course): Promise<void> {
  const { rows, tree } = course.root;
  for (const [path, { purged }] of rows)
    if (purged === null && !tree.entries.has(path))
      await rm(privateFolder(course, path), { recursive: true, force: true });
}

async function extractInto(
  course: Course,
  path: string,
  content: Content,
  hidden: string,
): Promise<Extracted> {
  const { root, files, options, programs, signal } = course;
  const format = splitName(path)?.format ?? 'tar';
  const caps: Caps = {
    files: options['max-files'] ?? UNPACK_DEFAULTS.maxFiles,
    bytes: options['max-bytes'] ?? UNPACK_DEFAULTS.maxBytes,
    ratio: options['max-ratio'] ?? UNPACK_DEFAULTS.maxRatio,
    archiveBytes: content.bytes,
    links: options.links ?? UNPACK_DEFAULTS.links,
  };
  return withFile(files, join(root.path, path), async (fd, look) => {
    if (!isSame(look, content.look)) throw new LeftAlone('it changed since it was read');
    await files.mkdir(hidden);
    await chmod(hidden, 0o700);
    const mostBytes = mostUnpacked(caps);
    const entries = readEntries({
      files,
      fd,
      size: look.bytes,
      format,
      most: caps.files,
      mostBytes,
      programs,
    });
    const extracted = await extract(entries, hidden, caps, files, signal);
    await chmod(hidden, 0o755);
    return extracted;
  });
}

/** What becomes of an archive that is unpacked. @returns what was done, in words; undefined where it stays. */
export async function settleArchive(course: Course, path: string): Promise<string | undefined> {
  const { root, files, writers, signal, options, context, aside } = course;
  const then = options.then ?? UNPACK_DEFAULTS.then;
  const full = join(root.path, path);
  if (then === 'keep') return undefined;
  const content = await readContent(full, signal, files);
  const product = context.ledger.product(root.path, path, context.job);
  if (product?.sha256 !== content.sha256 || product.doneAt === null)
    throw new LeftAlone('it changed since it was unpacked');
  if (then === 'delete') {
    await depart(root, path, context, () => removeProved(files, full, content.look, writers));
    return 'deleted';
  }
  if (aside === undefined) throw new Error('cannot happen: then: move without move-to');
  const isEqual = async (there: string): Promise<boolean> =>
    (await readContent(there, signal, files)).sha256 === content.sha256;
  const place = await findPlace(aside, path, { exists: 'number' }, () => false, isEqual);
  const into = join(aside, place.path);
  await depart(root, path, context, async () => {
    if (place.kind === 'equal') await settleEqual(course, full, into);
    else {
      await makeFolders(files, aside, dirname(place.path));
      await moveFile(course, full, content.look, into);
    }
  });
  return `moved to ${into}`;
}
