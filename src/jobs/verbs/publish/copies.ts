import { chmod, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readContent } from '../../files/content.ts';
import { copyWhole, steadily } from '../../files/copying.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { runHooks } from './commands.ts';
import type { Course } from './course.ts';
import type { Candidate } from './selection.ts';

/** What is published of a file: itself, or a private copy. */
export interface Outgoing {
  /** Absolute. */
  readonly from: string;
  /** Of the source. */
  readonly sha256: string;
  readonly sourceBytes: number;
  readonly mtimeNs: string;
  /** Of what is published. */
  readonly sent: string;
  readonly bytes: number;
}

/** Gives private copies names of their own. */
export interface Copies {
  /** A new name for a copy of a file, in a folder that it has alone. */
  place(name: string): Promise<string>;
  /** Removes all that there are. */
  clear(): Promise<void>;
}

export function createCopies(work: string): Copies {
  const folder = join(work, 'copies');
  let count = 0;
  return {
    async place(name) {
      const own = join(folder, String((count += 1)));
      await mkdir(own, { recursive: true, mode: 0o700 });
      return join(own, basename(name));
    },
    clear: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Reads a file as it is at one moment, and changes a copy of it where hooks want that. The source is only ever read.
 * @param publicName what it is to be called: its copy is called so, too.
 * @throws LeftAlone where it changes, where it is not what the ledger of its pipeline has, or where a hook fails.
 */
export async function prepare(
  course: Course,
  copies: Copies,
  candidate: Candidate,
  publicName: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Outgoing> {
  const { root, files, signal, outlet, options, programs } = course;
  const { hooks = [] } = options;
  const source = join(root, candidate.path);
  const isPlain = outlet.isHere && hooks.length === 0;
  const copy = isPlain ? source : await copies.place(publicName);
  const content = isPlain
    ? await steadily(() => readContent(source, signal, files))
    : await copyWhole(files, source, copy, signal);
  const { sha256, bytes, look } = content;
  if (candidate.sha256 !== undefined && candidate.sha256 !== sha256)
    throw new LeftAlone(
      'it is not what its pipeline has of it; made anew meanwhile? The next run looks again',
    );
  const plain = { from: copy, sha256, sourceBytes: bytes, mtimeNs: String(look.mtimeNs) };
  if (hooks.length === 0) return { ...plain, sent: sha256, bytes };
  await chmod(copy, look.mode | 0o600);
  await runHooks(hooks, { ...candidate.values, ...more, file: copy, public: publicName }, programs);
  await chmod(copy, look.mode & 0o777);
  const changed = await readContent(copy, signal, files);
  return { ...plain, sent: changed.sha256, bytes: changed.bytes };
}
