import { compilePattern } from '../../core/pattern.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { BlockWords } from './bucket.ts';
import { type Block, textOf } from './decode.ts';
import type { HubFilter } from './query.ts';
import type { WordColumn } from './row.ts';
import { mayHave, wordHashes } from './tokens.ts';

/** A filter, made ready: first blocks are left out as a whole, then rows by their columns, and what is left by its text. */
export interface Matcher {
  /** Whether a block may have an answer, by what finds it. */
  mayMatch(levels: number, words: BlockWords): boolean;
  /** Whether it needs the tokens of a block; then whether they allow an answer. */
  readonly usesTokens: boolean;
  tokensAllow(tokens: Uint8Array): boolean;
  /**
   * The rows of a block that match as far as it is cheap to say, in its order.
   * @param received rows that were taken before it are not there, microseconds. @param wanted asked last of what is in the columns.
   */
  candidates(block: Block, received: number, wanted?: (row: number) => boolean): number[];
  /** Whether a candidate matches in what is looked at row by row: whole words, the expression, fields. */
  holds(block: Block, row: number): boolean;
}

/** The error is a clause that says what cannot be used. */
export function createMatcher(filter: HubFilter): Result<Matcher, string> {
  const pattern = filter.matches === undefined ? ok(undefined) : compilePattern(filter.matches);
  if (!pattern.ok) return err(`the expression "${filter.matches ?? ''}" cannot be used: ${pattern.error}`);
  const sets = wordSets(filter);
  const levels = levelMask(filter);
  const hashes = [
    ...(filter.text === undefined ? [] : wordHashes(filter.text, true)),
    ...(filter.words === undefined ? [] : wordHashes(filter.words, false)),
  ];
  const wholeWords = filter.words === undefined ? undefined : [...wordsIn(filter.words)];
  const needle = needleOf(filter.text);
  const fields = filter.fields?.map(({ path, value }) => ({ path: path.split('.'), value }));
  return ok({
    mayMatch: (found, words) =>
      (found & levels) !== 0 &&
      sets.every(({ column, wanted }) => {
        const listed = words[column as keyof BlockWords];
        return listed === undefined || listed.some((word) => wanted.has(word));
      }),
    usesTokens: hashes.length > 0,
    tokensAllow: (tokens) => mayHave(tokens, hashes),
    candidates(block, received, wanted) {
      // Where nothing else keeps a block out, its texts are searched before all else is read.
      if (needle !== undefined && sets.length === 0 && !isIn(block.storedTexts(), needle)) return [];
      let rows = byColumns(block, filter, sets, levels, received);
      if (wanted !== undefined) rows = rows.filter(wanted);
      if (rows.length > 0 && filter.text !== undefined) rows = byText(block, rows, filter.text, needle);
      return rows;
    },
    holds: (block, row) =>
      (wholeWords === undefined || hasWords(block, row, wholeWords)) &&
      (pattern.value?.test(textOf(block.texts(), row)) ?? true) &&
      (fields === undefined || hasFields(block, row, fields)),
  });
}

interface WordSet {
  readonly column: WordColumn;
  readonly wanted: ReadonlySet<string>;
}

function wordSets(filter: HubFilter): readonly WordSet[] {
  const named = [
    ['agent', filter.agents],
    ['service', filter.services],
    ['kind', filter.kinds],
    ['sender', filter.senders],
    ['host', filter.hosts],
    ['life', filter.lives],
  ] as const;
  return named.flatMap(([column, wanted]) =>
    wanted === undefined ? [] : [{ column, wanted: new Set(wanted) }],
  );
}

/** A bit for each level that is wanted. */
function levelMask({ levelAtLeast = 1, levelAtMost = 24 }: HubFilter): number {
  let mask = 0;
  for (let level = Math.max(0, levelAtLeast); level <= Math.min(30, levelAtMost); level++) mask |= 1 << level;
  return mask;
}

function byColumns(
  block: Block,
  { since = -Infinity, until = Infinity }: HubFilter,
  sets: readonly WordSet[],
  levels: number,
  received: number,
): number[] {
  const [times, taken, level] = [block.numbers('time'), block.numbers('received'), block.numbers('level')];
  const columns = sets.map(({ column, wanted }) => {
    const { words, places } = block.words(column);
    return { places, wanted: words.map((word) => wanted.has(word)) };
  });
  const rows: number[] = [];
  for (let row = 0; row < block.count; row++) {
    const time = times[row] as number;
    if (time < since || time >= until || (taken[row] as number) < received) continue;
    if (((1 << (level[row] as number)) & levels) === 0) continue;
    if (columns.every(({ places, wanted }) => wanted[places[row] as number])) rows.push(row);
  }
  return rows;
}

/**
 * Finds a text of ASCII among bytes that were read as Latin-1, whatever the case of its letters; undefined for others: small letters of
 * other scripts are not found byte by byte. An expression takes a third of the time of making everything small first.
 */
function needleOf(text: string | undefined): RegExp | undefined {
  // oxlint-disable-next-line no-control-regex
  if (text === undefined || text === '' || !/^[\0-\x7f]*$/.test(text)) return undefined;
  return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`), 'gi');
}

function isIn(bytes: Buffer, needle: RegExp): boolean {
  needle.lastIndex = 0;
  return needle.test(bytes.toString('latin1'));
}

/** All messages are searched at once, and what is found is told by where it stands. */
function byText(block: Block, rows: readonly number[], text: string, needle: RegExp | undefined): number[] {
  const small = text.toLowerCase();
  if (needle === undefined)
    return small === ''
      ? [...rows]
      : rows.filter((row) => textOf(block.texts(), row).toLowerCase().includes(small));
  const { bytes, ends } = block.texts();
  const hay = bytes.toString('latin1');
  const found: number[] = [];
  let at = -1;
  for (const row of rows) {
    const from = row === 0 ? 0 : (ends[row - 1] as number);
    if (at < from) {
      needle.lastIndex = from;
      at = needle.exec(hay)?.index ?? -1;
    }
    if (at < 0) break;
    if (at + text.length <= (ends[row] as number)) found.push(row);
  }
  return found;
}

/** As tokens.ts tells words apart. */
const WORD = /[A-Za-z0-9_\u0080-\uffff]+/g;

function hasWords(block: Block, row: number, wanted: readonly string[]): boolean {
  const found = wordsIn(textOf(block.texts(), row));
  return wanted.every((word) => found.has(word));
}

function wordsIn(text: string): ReadonlySet<string> {
  return new Set((text.match(WORD) ?? []).map((word) => word.toLowerCase()));
}

interface FieldPath {
  readonly path: readonly string[];
  readonly value: string;
}

function hasFields(block: Block, row: number, wanted: readonly FieldPath[]): boolean {
  const text = block.fields(row);
  if (text === '') return false;
  const fields = JSON.parse(text) as unknown;
  return wanted.every(({ path, value }) => shown(valueAt(fields, path)) === value);
}

/** Names may have dots of their own, as OpenTelemetry's have: `http.route` is looked for before `route` within `http`. */
function valueAt(value: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (let parts = path.length; parts > 0; parts--) {
    const name = path.slice(0, parts).join('.');
    if (!Object.hasOwn(value, name)) continue;
    const found = valueAt((value as Record<string, unknown>)[name], path.slice(parts));
    if (found !== undefined) return found;
  }
  return undefined;
}

function shown(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value === undefined ? undefined : JSON.stringify(value);
}
