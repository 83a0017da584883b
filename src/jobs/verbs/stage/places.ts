import { basename, extname, join } from 'node:path';
import { lookOrGone } from '../../files/settling.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { STAGE_DEFAULTS, type StageOptions } from './options.ts';

/** So many files of one name are looked at for a free number. */
const MOST_NUMBERS = 10_000;

/** Where a file comes to lie, below the target; the number goes before the last ending: `x-2.csv`. */
export function placeOf(path: string, { structure }: Pick<StageOptions, 'structure'>, number = 1): string {
  const wanted = (structure ?? STAGE_DEFAULTS.structure) === 'flatten' ? basename(path) : path;
  if (number === 1) return wanted;
  const ending = extname(wanted);
  return `${ending === '' ? wanted : wanted.slice(0, -ending.length)}-${number}${ending}`;
}

export type Place =
  | { readonly kind: 'free' | 'equal'; readonly path: string }
  /** Another file is there, which is kept: the new one stays where it is. */
  | { readonly kind: 'kept'; readonly path: string };

/**
 * Finds the place for a file.
 * @param isEqual whether what lies at a path of the target has the same bytes; then it is left to its caller what becomes of the file.
 * @throws LeftAlone where another file has its name, and the config says that this is an error.
 */
export async function findPlace(
  to: string,
  path: string,
  options: Pick<StageOptions, 'structure' | 'exists'>,
  isTaken: (place: string) => boolean,
  isEqual: (full: string) => Promise<boolean>,
): Promise<Place> {
  const exists = options.exists ?? STAGE_DEFAULTS.exists;
  for (let number = 1; number <= MOST_NUMBERS; number += 1) {
    const place = placeOf(path, options, number);
    const full = join(to, place);
    const there = await lookOrGone(full);
    if (there === undefined && !isTaken(place)) return { kind: 'free', path: place };
    if (there !== undefined && (await isEqual(full))) return { kind: 'equal', path: place };
    if (exists === 'keep') return { kind: 'kept', path: place };
    if (exists === 'error') throw new LeftAlone(`another file of this name is there: ${full}`);
  }
  throw new LeftAlone(`there are ${MOST_NUMBERS} files of its name already`);
}
