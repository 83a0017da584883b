import { formatDuration } from '../../../core/durations.ts';

/** `find FOLDER … ACTION`, as far as a verb can say the same. */
export interface Find {
  readonly folder: string;
  /** Below the folder. */
  readonly files: string;
  readonly olderMs?: number;
  /** What is done with each file: `-delete`, or the words of `-exec` without `{}`. */
  readonly action: readonly string[];
  /** What stands behind `{}`: where the file goes. */
  readonly to?: string;
}

interface Taken {
  name?: string;
  olderMs?: number;
  isFlat?: boolean;
  action?: readonly string[];
  to?: string;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const COMPRESSED = /^\*\.(?:gz|zst|bz2|xz)$/;

/** Reads the words of a `find`; undefined where they say something that no verb can. */
export function readFind(words: readonly string[]): Find | undefined {
  const [program, folder, ...rest] = words;
  if (!/^(?:\/usr)?(?:\/bin\/)?find$/.test(program ?? '') || folder === undefined || folder.startsWith('-'))
    return undefined;
  const found: Taken = {};
  for (let at = 0; at < rest.length; ) {
    if (found.action !== undefined) return undefined;
    const used = takeOne(rest.slice(at), found);
    if (used === 0) return undefined;
    at += used;
  }
  const { name = '*', olderMs, isFlat = false, action, to } = found;
  if (action === undefined || /[{}()!+@\\]/.test(name)) return undefined;
  return {
    folder,
    files: isFlat ? name : `**/${name}`,
    action,
    ...(to === undefined ? {} : { to }),
    ...(olderMs === undefined ? {} : { olderMs }),
  };
}

/** Takes one test or action from the front; answers with how many words it had, 0 where it is none that can be said. */
function takeOne([word = '', value = '', more = '', ...others]: readonly string[], found: Taken): number {
  if (word === '-type') return value === 'f' ? 2 : 0;
  if (word === '-maxdepth' || word === '-mindepth') {
    found.isFlat = word === '-maxdepth';
    return value === '1' ? 2 : 0;
  }
  if (word === '-name' && found.name === undefined) {
    found.name = value;
    return 2;
  }
  // An archive is never archived again.
  if ((word === '!' || word === '-not') && value === '-name') return COMPRESSED.test(more) ? 3 : 0;
  if (word === '-mtime' || word === '-mmin') {
    const [, digits] = /^\+(\d{1,5})$/.exec(value) ?? [];
    if (digits === undefined || found.olderMs !== undefined) return 0;
    // find(1) counts whole ones that are over: +7 is eight days or more.
    found.olderMs = (Number(digits) + 1) * (word === '-mtime' ? DAY_MS : MINUTE_MS);
    return 2;
  }
  if (word === '-delete') {
    found.action = ['-delete'];
    return 1;
  }
  return word === '-exec' ? takeExec([value, more, ...others], found) : 0;
}

function takeExec(words: readonly string[], found: Taken): number {
  const end = words.findIndex((word) => word === ';' || word === '+');
  const at = words.indexOf('{}');
  if (end < 2 || at < 1 || words.lastIndexOf('{}') !== at) return 0;
  // `mv {} TARGET`; `unzip {} -d TARGET`, `tar -xf {} -C TARGET`.
  const isTarget = at === end - 2 || (at === end - 3 && /^-[dC]$/.test(words[end - 2] ?? ''));
  const to = isTarget ? words[end - 1] : undefined;
  if (at !== end - 1 && to === undefined) return 0;
  found.action = words.slice(0, at);
  if (to !== undefined) found.to = to;
  return end + 2;
}

/** `older` of a verb. */
export function olderText({ olderMs }: Find): string | undefined {
  return olderMs === undefined ? undefined : formatDuration(olderMs);
}
