import { matchesGlob } from 'node:path';
import { PUBLISH_DEFAULTS, type PublishOptions } from './options.ts';

/** A file that may be published, and what is known of it without reading it. */
export interface Candidate {
  /** Relative to the folder. */
  readonly path: string;
  /** What `names` captured, and the rest that templates can say. */
  readonly values: Readonly<Record<string, string>>;
  /** The step that made it, or what {level} captured. */
  readonly level: string | null;
  readonly version: number | null;
  /** Where `names` says so: the same for all versions of a product; else its path. */
  readonly product: string;
  readonly bytes: number;
  readonly mtimeNs: string;
  /** When its content was last changed, wall milliseconds. */
  readonly changed: number;
  /** As the ledger of its pipeline has it. */
  readonly sha256?: string;
  readonly complete: boolean;
}

export interface Chosen {
  readonly ready: readonly Candidate[];
  /** Those whose content changed too short a while ago, or may still grow. */
  readonly waiting: readonly Candidate[];
  /** The highest version of each product that is here, whatever is asked for. */
  readonly latest: ReadonlyMap<string, number>;
}

type Wishes = Pick<
  PublishOptions,
  'levels' | 'products' | 'versions' | 'exclude' | 'wait' | 'wait-of' | 'incomplete'
> & { readonly files?: readonly string[] | undefined };

/** How far ahead of our clock a file's time may be: clocks of file servers differ. */
const AHEAD_MS = 60_000;

/** What is asked for, by level, product, version, patterns and age. Pure. */
export function choose(all: readonly Candidate[], wishes: Wishes, now: number): Chosen {
  const latest = new Map<string, number>();
  for (const { product, version } of all)
    if (version !== null) latest.set(product, Math.max(version, latest.get(product) ?? version));
  const ready: Candidate[] = [];
  const waiting: Candidate[] = [];
  for (const candidate of all) {
    if (!isWished(candidate, wishes, latest)) continue;
    (isOver(candidate, wishes, now) ? ready : waiting).push(candidate);
  }
  return { ready, waiting, latest };
}

function isWished(
  { path, level, version, product, values }: Candidate,
  { levels, products, versions = '*', files = PUBLISH_DEFAULTS.files, exclude = [] }: Wishes,
  latest: ReadonlyMap<string, number>,
): boolean {
  const isAmong = (word: string | null | undefined, words: readonly string[] | undefined): boolean =>
    words === undefined ||
    words.includes('*') ||
    (word != null && words.some((each) => each === word || matchesGlob(word, each)));
  if (!isAmong(level, levels) || !isAmong(values['product'], products)) return false;
  if (versions === 'latest' && version !== null && version !== latest.get(product)) return false;
  if (typeof versions === 'object' && (version === null || !versions.includes(version))) return false;
  return (
    files.some((pattern) => matchesGlob(path, pattern)) &&
    !exclude.some((pattern) => matchesGlob(path, pattern))
  );
}

/** At the very end of the wait it is over. */
function isOver({ level, changed, complete }: Candidate, wishes: Wishes, now: number): boolean {
  const own = level === null ? undefined : wishes['wait-of']?.[level];
  const wait = own ?? wishes.wait ?? PUBLISH_DEFAULTS.waitMs;
  if (!complete && wishes.incomplete === 'wait') return false;
  const age = now - changed;
  return age >= (wait === 0 ? -AHEAD_MS : wait);
}

/**
 * Who goes first, and how many go: sorted, and only then cut. The same whatever order they come in. Pure.
 * @param hasFailed whether it was tried before: what can be published does not wait for what cannot.
 */
export function inOrder(
  ready: readonly Candidate[],
  { order = PUBLISH_DEFAULTS.order, batch = PUBLISH_DEFAULTS.batch }: Pick<PublishOptions, 'order' | 'batch'>,
  hasFailed: (candidate: Candidate) => boolean,
): readonly Candidate[] {
  const byName = (a: Candidate, b: Candidate): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  const age = order === 'name' ? 0 : order === 'newest' ? -1 : 1;
  const sorted = ready.toSorted(
    (a, b) => Number(hasFailed(a)) - Number(hasFailed(b)) || age * (a.changed - b.changed) || byName(a, b),
  );
  return batch < 0 ? sorted : sorted.slice(0, batch);
}
