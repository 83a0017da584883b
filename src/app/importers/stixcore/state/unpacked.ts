import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Files } from '../../../../core/files.ts';
import { asError, err, ok, type Result } from '../../../../core/result.ts';
import { listZip } from '../../../../jobs/verbs/unpack/zip-list.ts';

/** What `processed_files.txt` says, and what is so. */
export interface UnpackedSurvey {
  /** Below the folder of archives: everything that is in them lies where they were unpacked. */
  readonly done: readonly string[];
  /** Marked as unpacked, and are not: they will be. */
  readonly missing: readonly { readonly path: string; readonly why: string }[];
  /** Lines whose archive is not there any more. */
  readonly gone: number;
  readonly problems: readonly string[];
}

const MOST_ENTRIES = 100_000;

/**
 * Reads the list that the cron job keeps of what it has unpacked, and looks whether that is true: an archive that came between unpacking
 * and writing the list stands in it, too, and so does one whose unpacking failed.
 * @param kernels where `unzip -o` has put what is in them.
 */
export async function surveyUnpacked(
  list: string,
  archives: string,
  kernels: string,
  files: Files,
): Promise<Result<UnpackedSurvey, string>> {
  const problems: string[] = [];
  let text: string;
  let root: string;
  try {
    text = readFileSync(list, 'utf8');
    root = realpathSync(archives);
  } catch (thrown) {
    return err(`cannot read ${list} or ${archives}: ${asError(thrown).message}`);
  }
  const there = new Map<string, string>();
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }))
    there.set(basename(name), name);
  const done: string[] = [];
  const missing: { path: string; why: string }[] = [];
  const seen = new Set<string>();
  let gone = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const written = line.trim();
    if (written === '') continue;
    if (!/\.zip$/i.test(written) || written.includes('\0') || written.includes('\ufffd')) {
      problems.push(`${list}:${index + 1}: this is no name of an archive; the line is left`);
      continue;
    }
    const path = there.get(basename(written));
    if (path === undefined) gone += 1;
    else if (!seen.has(path)) {
      seen.add(path);
      const why = await whyMissing(join(root, path), kernels, files);
      if (why === undefined) done.push(path);
      else missing.push({ path, why });
    }
  }
  return ok({ done, missing, gone, problems });
}

async function whyMissing(archive: string, kernels: string, files: Files): Promise<string | undefined> {
  try {
    const fd = await files.open(archive, 'read');
    try {
      for (const { name, bytes } of await listZip(files, fd, statSync(archive).size, MOST_ENTRIES)) {
        if (name.endsWith('/')) continue;
        const out = statSync(join(kernels, name), { throwIfNoEntry: false });
        if (out === undefined) return `${name} of it is not in ${kernels}`;
        if (out.size !== bytes) return `${name} of it has another size in ${kernels}`;
      }
      return undefined;
    } finally {
      await files.close(fd);
    }
  } catch (thrown) {
    return `it cannot be read: ${asError(thrown).message}`;
  }
}
