import { dirname, join } from 'node:path';
import { type ArchiveFormat, archivePath } from '../../../core/archive-file.ts';
import { temporaryPath } from '../../../core/atomic-file.ts';
import type { Clock } from '../../../core/clock.ts';
import type { Files } from '../../../core/files.ts';
import type { Ledger, LedgerFile } from '../../../core/ledger.ts';
import { errorCode } from '../../../core/result.ts';
import type { Content } from '../../files/content.ts';
import { isSame, lookAt } from '../../files/identity.ts';
import { removeProved } from '../../files/removal.ts';
import { durably, LeftAlone } from '../../files/trouble.ts';
import type { Writers } from '../../files/writers.ts';
import type { Candidate } from './candidates.ts';
import type { Packed, Packing } from './packing.ts';

/** What the steps of one file work with. */
export interface Bench {
  readonly root: string;
  readonly files: Files;
  readonly packing: Packing;
  readonly ledger: Ledger;
  readonly writers: Writers;
  readonly clock: Pick<Clock, 'now'>;
  readonly signal: AbortSignal;
  readonly to: ArchiveFormat;
  readonly level: number;
  readonly keepRawMs: number;
}

/** What is to be done with a file; `nothing` where all is as it should be. */
export type Step = 'archive' | 'settle' | 'adopt' | 'nothing';

/** What was done. */
export interface Done {
  readonly step: Step;
  /** Of the content, and of its archive. */
  readonly bytes: number;
  readonly archiveBytes: number;
  /** The file itself is gone. */
  readonly removed: boolean;
}

/** By what was found and what the ledger knows, without reading anything. */
export function nextStep(
  candidate: Candidate,
  { keepRawMs, clock }: Pick<Bench, 'keepRawMs' | 'clock'>,
): Step {
  const { raw, archive, row } = candidate;
  if (archive === undefined) return 'archive';
  const isKnown = row?.archived?.path === archive.path && row.purged === null;
  if (raw === undefined) return isKnown ? 'nothing' : 'adopt';
  // Kept on purpose; a clock that was set back keeps it for longer.
  const isKept = isKnown && clock.now() - (row.archived?.at ?? 0) < keepRawMs;
  return isKept ? 'nothing' : 'settle';
}

/**
 * Takes one file to its end: archived, proved, in the ledger, and the file itself removed. Killed anywhere and called again it goes on.
 * @throws LeftAlone with the reason why the file is not touched; RunEnds; Node's system errors.
 */
export async function archiveOne(bench: Bench, candidate: Candidate): Promise<Done> {
  if (candidate.raw === 'link') throw new LeftAlone('it is a symbolic link');
  if (candidate.raw === 'other') throw new LeftAlone('it is not a regular file');
  const { archive } = candidate;
  const step = nextStep(candidate, bench);
  if (archive === undefined) return archiveRaw(bench, candidate);
  if (step === 'settle') return settle(bench, candidate, archive);
  if (step === 'adopt') return adopt(bench, candidate, archive);
  return { step, bytes: 0, archiveBytes: 0, removed: false };
}

async function archiveRaw(bench: Bench, candidate: Candidate): Promise<Done> {
  const { root, files, packing, signal, to, level } = bench;
  const from = join(root, candidate.path);
  const relative = archivePath(candidate.path, to);
  const final = join(root, relative);
  for (const leftover of candidate.leftovers) await files.unlink(join(root, leftover));
  await compareSize(from, candidate);
  const temporary = temporaryPath(final);
  const isHashed = candidate.expected === undefined;
  const packed = await packing.pack({ from, to: temporary, format: to, level, isHashed }, signal);
  const { content, archive } = await (async () => {
    try {
      const back = await readBack(bench, candidate, packed, temporary);
      if (!isSame(packed.look, await lookAt(from))) throw new LeftAlone('it changed while it was archived');
      await requireFree(final);
      return back;
    } catch (thrown) {
      await files.unlink(temporary).catch(() => undefined);
      throw thrown;
    }
  })();
  await files.rename(temporary, final);
  await durably(`the name of ${final}`, files.syncFolder(dirname(final)));
  record(bench, candidate, content, { path: relative, sha256: archive.sha256, bytes: archive.bytes });
  const removed = await removeRaw(bench, candidate, content);
  return { step: 'archive', bytes: content.bytes, archiveBytes: archive.bytes, removed };
}

/** Reads a new archive back: it must hold what was read, and what the manifest says. */
async function readBack(
  { root, packing, signal, to, ledger }: Bench,
  candidate: Candidate,
  packed: Packed,
  temporary: string,
): Promise<{ readonly content: Content; readonly archive: Content }> {
  const { content, archive } = await packing.unpack(temporary, to, signal);
  const wanted = packed.sha256 ?? candidate.expected?.sha256;
  if (content.sha256 !== wanted || content.bytes !== packed.bytes) {
    // Which of the two it is: the file, or what was written of it.
    const again = await packing.read(join(root, candidate.path), signal);
    compareContent(again, candidate, undefined);
    throw new LeftAlone('what was written does not read back as it was; is the disk or the memory faulty?');
  }
  const whole = { ...content, look: packed.look };
  compareContent(whole, candidate, ledger.file(root, candidate.path));
  return { content: whole, archive };
}

/** A file and its archive: proves the one by the other, then removes the file. */
async function settle(
  bench: Bench,
  candidate: Candidate,
  archive: NonNullable<Candidate['archive']>,
): Promise<Done> {
  const { root, packing, signal } = bench;
  const row = bench.ledger.file(root, candidate.path);
  const content = await packing.read(join(root, candidate.path), signal);
  const proved = await proveArchive(bench, archive, row);
  if (content.sha256 !== proved.content.sha256)
    throw new LeftAlone(`${archive.path} is an archive of another content; neither of the two is touched`);
  compareContent(content, candidate, row);
  if (!proved.isKnown) {
    await makeDurable(bench, archive.path);
    record(bench, candidate, content, { path: archive.path, ...proved.archive });
  }
  const removed = await removeRaw(bench, candidate, content);
  return { step: 'settle', bytes: content.bytes, archiveBytes: proved.archive.bytes, removed };
}

/** An archive alone that the ledger does not know: it is read back, and from now on known. */
async function adopt(
  bench: Bench,
  candidate: Candidate,
  archive: NonNullable<Candidate['archive']>,
): Promise<Done> {
  const { content, archive: packed } = await bench.packing.unpack(
    join(bench.root, archive.path),
    archive.format,
    bench.signal,
  );
  compareContent({ ...content, look: packed.look }, candidate, bench.ledger.file(bench.root, candidate.path));
  await makeDurable(bench, archive.path);
  const { sha256, bytes } = packed;
  record(bench, candidate, { ...content, look: packed.look }, { path: archive.path, sha256, bytes });
  return { step: 'adopt', bytes: content.bytes, archiveBytes: bytes, removed: false };
}

/** Reads an archive: one that the ledger knows is proved by its own checksum, another by what is in it. */
async function proveArchive(
  { root, packing, signal }: Bench,
  { path, format }: NonNullable<Candidate['archive']>,
  row: LedgerFile | undefined,
) {
  const known = row?.archived?.path === path ? row.archived : undefined;
  if (row === undefined || known === undefined) {
    const { content, archive } = await packing.unpack(join(root, path), format, signal);
    return { content, archive: { sha256: archive.sha256, bytes: archive.bytes }, isKnown: false };
  }
  const { sha256, bytes } = await packing.read(join(root, path), signal);
  if (sha256 !== known.sha256)
    throw new LeftAlone(`${path} is not the archive that was made of it: it changed`);
  return {
    content: { sha256: row.sha256, bytes: row.bytes },
    archive: { sha256, bytes },
    isKnown: row.purged === null,
  };
}

async function compareSize(path: string, { expected }: Candidate): Promise<void> {
  const look = await lookAt(path);
  if (expected !== undefined && look.bytes !== expected.bytes)
    throw new LeftAlone(
      `it has ${look.bytes} bytes, the manifest says ${expected.bytes}: it changed since it was closed`,
    );
}

/** Never over what is archived, or was deleted on the word of its copies: that name belongs to that content. */
function compareContent(content: Content, { expected }: Candidate, row: LedgerFile | undefined): void {
  if (expected !== undefined && (content.sha256 !== expected.sha256 || content.bytes !== expected.bytes))
    throw new LeftAlone('its checksum is not the one of the manifest: it changed since it was closed');
  if (row === undefined || row.sha256 === content.sha256) return;
  if (row.archived !== null || row.purged !== null || row.purging !== null)
    throw new LeftAlone(
      'another content of this name was archived before; rename this one, or it would take its place',
    );
}

async function requireFree(path: string): Promise<void> {
  const there = await lookAt(path).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
  if (there !== undefined) throw new LeftAlone(`${path} is there already`);
}

/** For an archive that we did not just write ourselves. */
async function makeDurable({ root, files }: Bench, path: string): Promise<void> {
  const full = join(root, path);
  const fd = await files.open(full, 'read');
  try {
    await durably(full, files.datasync(fd));
  } finally {
    await files.close(fd);
  }
  await durably(`the name of ${full}`, files.syncFolder(dirname(full)));
}

function record(
  { root, ledger, clock }: Bench,
  { path }: Candidate,
  { sha256, bytes, look }: Content,
  archive: { readonly path: string; readonly sha256: string; readonly bytes: number },
): void {
  ledger.take({ root, path, sha256, bytes, mtimeMs: look.mtimeMs });
  ledger.archived(root, path, { ...archive, at: clock.now() });
}

async function removeRaw(bench: Bench, { path }: Candidate, content: Content): Promise<boolean> {
  const { root, files, writers, ledger, clock, keepRawMs } = bench;
  const at = ledger.file(root, path)?.archived?.at;
  if (at === undefined || (keepRawMs > 0 && clock.now() - at < keepRawMs)) return false;
  await removeProved(files, join(root, path), content.look, writers);
  return true;
}
