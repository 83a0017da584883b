import { matchesGlob, posix } from 'node:path';
import { fileValues } from '../engine/routing.ts';
import type { InboxPlan } from '../plan.ts';
import { fill, parseTemplate } from '../../core/template.ts';

/** Says which paths below an inbox are inputs. */
export interface InboxNames {
  isWanted(path: string): boolean;
  /** The path of the file that says that this one is whole; undefined where the inbox has no markers. */
  markerOf(path: string): string | undefined;
  /** Whether this could be such a file. */
  isMarker(path: string): boolean;
}

/**
 * Names that programs give to what they have not finished; hidden ones (rsync, NFS) are left out whatever follows the dot. What fsck has
 * found lies in a folder in the root of each ext4 that only root may read.
 */
const UNFINISHED = /(?:^\..|\.(?:tmp|part|partial|filepart)$|^lost\+found$)/s;

/** Whether a name is never an input, nor what is below it where it is a folder. */
export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name);
}

/** @param plan a plan without mistakes. */
export function compileInboxNames({
  match,
  ignore = [],
  marker,
}: Pick<InboxPlan, 'match' | 'ignore' | 'marker'>): InboxNames {
  const wanted = match.map(compileGlob);
  const unwanted = ignore.map(compileGlob);
  const markers = marker === undefined ? undefined : markerPattern(marker);
  const isMarker = (path: string): boolean => markers?.test(posix.basename(path)) === true;
  return {
    isWanted: (path) =>
      !path.split('/').some(isUnfinished) &&
      wanted.some((matches) => matches(path)) &&
      !unwanted.some((matches) => matches(path)) &&
      !isMarker(path),
    isMarker,
    markerOf(path) {
      if (marker === undefined) return undefined;
      const name = fill(marker, fileValues(path));
      if (!name.ok) throw new Error(`cannot write ${marker}: ${name.error}`);
      return posix.join(posix.dirname(path), name.value);
    },
  };
}

function markerPattern(marker: string): RegExp {
  const source = parseTemplate(marker).map((part) => (typeof part === 'string' ? escaped(part) : '.+'));
  return new RegExp(`^${source.join('')}$`, 's');
}

/**
 * A glob as a function of paths that have no hidden part. Node's own `matchesGlob` compiles its glob each time, which takes 37 µs, and
 * many stars take it for ever: common ones are matched here, it is asked for all others.
 */
export function compileGlob(glob: string): (path: string) => boolean {
  const parts = glob.split('/');
  const at = parts.indexOf('**');
  const isPlain = parts.every(
    (part) => part === '**' || (!/[[\]{}()!+@?\\#]|\*\*/.test(part) && !/^\.{0,2}$/.test(part)),
  );
  if (!isPlain || at !== parts.lastIndexOf('**')) return (path) => matchesGlob(path, glob);
  const before = (at === -1 ? parts : parts.slice(0, at)).map((part) => part.split('*'));
  const after = (at === -1 ? [] : parts.slice(at + 1)).map((part) => part.split('*'));
  // At the end `**` stands for one name at least.
  const least = before.length + after.length + (at === parts.length - 1 ? 1 : 0);
  return (path) => {
    const names = path.split('/');
    if (at === -1 ? names.length !== least : names.length < least) return false;
    const rest = names.slice(names.length - after.length);
    return (
      before.every((texts, index) => hasTexts(names[index] ?? '', texts)) &&
      after.every((texts, index) => hasTexts(rest[index] ?? '', texts))
    );
  };
}

/** Whether a name is made of these texts, with anything between them: each is taken where it comes first, but the last one. */
function hasTexts(name: string, texts: readonly string[]): boolean {
  const [first = '', ...others] = texts;
  const last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last))
    return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const text of others) {
    const found = name.indexOf(text, at);
    if (found === -1 || found + text.length > end) return false;
    at = found + text.length;
  }
  return true;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
