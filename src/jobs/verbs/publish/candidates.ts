import { join } from 'node:path';
import type { VerbContext } from '../../../core/verb.ts';
import { lookOrGone } from '../../files/settling.ts';
import { walk } from '../../files/walk.ts';
import { type Naming, valuesOf } from './names.ts';
import type { PublishOptions } from './options.ts';
import type { Candidate } from './selection.ts';

export interface Found {
  readonly candidates: readonly Candidate[];
  /** Files whose names are none of `names`. */
  readonly others: number;
  /** Folders that could not be looked into. */
  readonly closed: readonly { readonly path: string; readonly reason: string }[];
}

/** What a file is, beside its name. */
interface Facts {
  readonly step?: string;
  readonly version?: number;
  readonly bytes: number;
  readonly mtimeNs: string;
  readonly changed: number;
  readonly sha256?: string;
  readonly complete: boolean;
}

/**
 * All files that there are: in the folder, or in the ledger of a pipeline. Rejects with the system error where the folder cannot be
 * read, with an Error where the ledger cannot.
 * @param root its real path.
 */
export async function findCandidates(
  root: string,
  naming: Naming,
  { pipeline, levels }: Pick<PublishOptions, 'pipeline' | 'levels'>,
  context: VerbContext,
): Promise<Found> {
  const candidates: Candidate[] = [];
  let others = 0;
  const take = (path: string, facts: Facts): void => {
    const candidate = candidateOf(path, facts, naming);
    if (candidate === undefined) others += 1;
    else candidates.push(candidate);
  };
  if (pipeline !== undefined) {
    const prefix = `${root}/`;
    const steps = levels?.some((level) => /[*?[\]{}]/.test(level)) === true ? undefined : levels;
    for await (const { file, step, ...facts } of context.products.products(pipeline, steps)) {
      context.signal.throwIfAborted();
      if (file.startsWith(prefix)) take(file.slice(prefix.length), { step, ...facts });
    }
    return { candidates, others, closed: [] };
  }
  const { entries, closed } = await walk(root, context.signal);
  for (const [path, kind] of entries) {
    context.signal.throwIfAborted();
    if (kind !== 'file') continue;
    const look = await lookOrGone(join(root, path));
    if (look?.kind === 'file')
      take(path, { bytes: look.bytes, mtimeNs: String(look.mtimeNs), changed: look.mtimeMs, complete: true });
  }
  return { candidates, others, closed };
}

function candidateOf(path: string, facts: Facts, { names }: Naming): Candidate | undefined {
  const captures = names.read(path);
  if (captures === undefined) return undefined;
  const { step, version, sha256, ...rest } = facts;
  const level = step ?? captures['level'] ?? null;
  const written = captures['version'];
  const number = written === undefined ? (version ?? null) : Number(written);
  const values = {
    ...valuesOf(path),
    ...(level === null ? {} : { level }),
    ...(version === undefined ? {} : { version: String(version) }),
    ...captures,
  };
  return {
    path,
    values,
    level,
    version: number,
    product: productOf(path, captures),
    ...rest,
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

/** What all versions of a product have in common: all that is captured of its name, but for {version} and {incomplete}. */
function productOf(path: string, captures: Readonly<Record<string, string>>): string {
  if (captures['version'] === undefined) return path;
  const { version: _version, incomplete: _incomplete, ...rest } = captures;
  return JSON.stringify(Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
