import { basename, dirname } from 'node:path';
import * as v from 'valibot';
import type { VerbKind } from '../../../core/verb.ts';
import type { Keys } from '../draft.ts';
import { type Find, olderText, readFind } from './find.ts';
import type { Recognised } from './recognised.ts';
import { recogniseMove, recogniseOther } from './others.ts';
import { readRsync } from './rsync.ts';

const NOTHING: Recognised = { notes: [] };
const MAGIC = /[*?[]/;

/** Finds out whether words are something that a verb does. @param home what `~` and `$HOME` stand for. @param verbs those that there are. */
export function recognise(
  words: readonly string[],
  home: string | undefined,
  verbs: readonly VerbKind[],
): Recognised {
  const whole = words.map((word) =>
    home === undefined ? word : word.replace(/^(?:~|\$HOME|\$\{HOME\})(?=\/|$)/, home),
  );
  const found =
    recogniseFind(whole) ??
    recogniseCompressor(whole) ??
    readRsync(whole) ??
    recogniseOther(whole) ??
    NOTHING;
  const { verb } = found;
  if (verb === undefined) return found;
  const kind = verbs.find((each) => each.verb === verb.verb);
  const problem = kind === undefined ? 'there is no such verb' : problemOf(kind, verb.keys);
  if (problem === undefined) return found;
  return { notes: [...found.notes, `look: \`${verb.verb}\` could take its place, but ${problem}`] };
}

/** Why a verb does not take these keys, as the plan would ask it; undefined where it does. */
function problemOf(kind: VerbKind, keys: Keys): string | undefined {
  const { [kind.verb]: main, ...rest } = keys;
  if (Object.values(keys).some((value) => typeof value === 'string' && /[`$]/.test(value)))
    return 'a shell has to fill in its folder';
  const read = v.safeParse(kind.options, { [kind.main]: main, ...rest });
  if (!read.success) return read.issues[0].message;
  return kind.problems?.(read.output, { folder: '/', jobs: new Map() })[0];
}

function recogniseFind(words: readonly string[]): Recognised | undefined {
  const find = readFind(words);
  if (find === undefined) return undefined;
  if (find.to !== undefined || find.action.includes('-t')) return recogniseMove(find);
  const [program = '', ...options] = find.action;
  const isRemoval =
    program === '-delete' ||
    (/^(?:\/bin\/)?rm$/.test(program) &&
      options.every((option) => /^-[fv]+$/.test(option) || option === '--'));
  if (isRemoval) return { notes: [purgeNote(find)] };
  const to = compressed(program, options);
  return to === undefined ? undefined : archived(find, to);
}

function purgeNote(find: Find): string {
  const older = olderText(find);
  return `look: it deletes what nobody has proved elsewhere, and stays as it is. With a \`sync\` job that reads its copies back this is safer: { purge: ${find.folder}, ${older === undefined ? '' : `older: ${older}, `}proved-by: [JOB] }`;
}

interface Compressed {
  readonly to: 'gz' | 'zst';
  readonly level?: number;
}

/** What a compressor that replaces its files makes of them; undefined where it does something else. */
function compressed(
  program: string,
  options: readonly string[],
): Compressed | { readonly to: undefined } | undefined {
  const name = basename(program);
  if (name === 'xz' || name === 'bzip2') return { to: undefined };
  const isGzip = name === 'gzip' || name === 'pigz';
  if (!isGzip && name !== 'zstd') return undefined;
  let level: number | undefined;
  let isRemoved = isGzip;
  for (const option of options) {
    const [, digits] = /^-(\d{1,2})$/.exec(option) ?? [];
    if (digits !== undefined) level = Number(digits);
    else if (option === '--best') level = 9;
    else if (option === '--fast') level = 1;
    else if (option === '--rm') isRemoved = true;
    else if (!/^(?:-[qfvn]+|--quiet|--force|--verbose|--no-name|--|-T\d+)$/.test(option)) return undefined;
  }
  if (!isRemoved) return undefined;
  return { to: isGzip ? 'gz' : 'zst', ...(level === undefined ? {} : { level }) };
}

function archived(
  { folder, files, ...find }: Find,
  { to, ...more }: ReturnType<typeof compressed> & object,
): Recognised {
  if (to === undefined)
    return {
      notes: [
        'look: `archive` knows zstd and gzip; with one of them it could take the place of this command',
      ],
    };
  const older = olderText({ folder, files, ...find });
  return {
    notes: [],
    verb: {
      verb: 'archive',
      name: `archive-${basename(folder)}`,
      keys: { archive: folder, to, ...more, files, ...(older === undefined ? {} : { older }) },
      notes: [
        'the archive is read back and compared before the file goes',
        ...(older === undefined ? ['only files that were not changed for an hour (`older`)'] : []),
      ],
    },
  };
}

/** `gzip /var/log/app/*.log.1`: a shell makes names of that. */
function recogniseCompressor([program = '', ...words]: readonly string[]): Recognised | undefined {
  const patterns = words.filter((word) => !word.startsWith('-'));
  const found = compressed(
    program,
    words.filter((word) => word.startsWith('-')),
  );
  const [pattern] = patterns;
  if (found === undefined || pattern === undefined || !pattern.startsWith('/')) return undefined;
  const folder = dirname(pattern);
  if (patterns.length > 1 || MAGIC.test(folder) || /[{}()!+@\\]/.test(pattern)) return undefined;
  return archived({ folder, files: basename(pattern), action: [] }, found);
}
