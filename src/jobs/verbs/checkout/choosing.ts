import { matchesGlob } from 'node:path';
import { err, ok, type Result } from '../../../core/result.ts';
import type { Git } from './git.ts';
import type { CheckoutOptions } from './options.ts';

/** A version that there is at the repository. */
export interface Choice {
  readonly kind: 'tag' | 'branch';
  /** Of the tag or branch. */
  readonly name: string;
  readonly ref: string;
  readonly commit: string;
}

const LINE = /^([0-9a-f]{40,64})\t(refs\/\S.*)$/;
const PEELED = '^{}';

/** Asks the repository which version is meant by now. */
export async function choose(
  git: Git,
  { from, tag, branch }: CheckoutOptions,
): Promise<Result<Choice, string>> {
  const kind = branch === undefined ? 'tag' : 'branch';
  const wanted = branch === undefined ? 'refs/tags/*' : `refs/heads/${branch}`;
  const listed = await git(['ls-remote', '--sort=-version:refname', '--', from, wanted]);
  if (!listed.ok) return listed;
  const refs = readRefs(listed.value);
  const prefix = kind === 'tag' ? 'refs/tags/' : 'refs/heads/';
  const pattern = tag === undefined || tag === 'latest' ? '**' : tag;
  for (const [ref, commit] of refs) {
    const name = ref.slice(prefix.length);
    const isMeant = kind === 'tag' ? matchesGlob(name, pattern) : name === branch;
    if (ref.startsWith(prefix) && isMeant) return ok({ kind, name, ref, commit });
  }
  const what =
    kind === 'tag'
      ? `no tag${pattern === '**' ? '' : ` that matches ${pattern}`}`
      : `no branch ${branch ?? ''}`;
  return err(`${from} has ${what}`);
}

/** Commits by ref, in the order in which they are listed; of an annotated tag the commit that it is of. */
function readRefs(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const peeled = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, commit = '', ref = ''] = LINE.exec(line) ?? [];
    if (ref === '') continue;
    if (ref.endsWith(PEELED)) peeled.set(ref.slice(0, -PEELED.length), commit);
    else found.set(ref, commit);
  }
  return new Map([...found].map(([ref, commit]) => [ref, peeled.get(ref) ?? commit]));
}
