import { createRequire } from 'node:module';
import type { RE2JS, RE2Set } from 're2js';
import { asError, err, ok, type Result } from './result.ts';

/**
 * A regular expression that somebody else wrote. Whatever it and a text are, it takes a time that grows as the text does and no
 * faster: its engine is RE2's (github.com/google/re2/wiki/Syntax), which does not backtrack, as V8's own does.
 */
export interface Pattern {
  /** The names of its groups. */
  readonly names: readonly string[];
  /** Whether it is found anywhere in a text. */
  test(text: string): boolean;
  /** What its named groups took, without those that took nothing; undefined where it is not found. */
  groups(text: string): Readonly<Record<string, string>> | undefined;
}

const LONGEST_SOURCE = 1000;
/** Steps of the engine's program; a repetition has as many as it may take turns. */
const MOST_STEPS = 1000;
/**
 * Steps times characters of one search: of a longer text the rest is not looked at, so that the worst pattern takes some 0.1 s
 * for the worst text (measured). A common one has 10 steps or fewer, and sees 400,000 characters.
 */
const MOST_WORK = 4_000_000;
/** What the automaton of a pattern may keep. The engine's own 8 MiB let the daemon grow by 120 MB for `a.{100}b`, this by 15. */
const MOST_BYTES = 1_048_576;

/**
 * Compiles a pattern of JavaScript's syntax; flags are `i`, `m`, `s`, and `u`, which always holds. What nobody can bound, back
 * references and look-around, is refused. The error is a clause that says why it cannot be used.
 */
export function compilePattern(source: string, flags = ''): Result<Pattern, string> {
  if (source.length > LONGEST_SOURCE) return err(`it is over ${LONGEST_SOURCE} characters`);
  if (/[^imsu]/.test(flags)) return err('its flags can be i, m, s and u');
  const part = unboundedPart(source);
  if (part !== undefined) return err(`it has ${part}, which could take for ever: write it without`);
  try {
    const engine = loadEngine();
    const [form, bits] = [engine.RE2JS.translateRegExp(source), flagBits(engine, flags)];
    const compiled = engine.RE2JS.compile(form, bits);
    const steps = compiled.programSize();
    if (steps > MOST_STEPS)
      return err(`it is too large: with its repetitions it has ${steps} steps, ${MOST_STEPS} at most`);
    const set = new engine.RE2Set(engine.RE2Set.UNANCHORED, bits, MOST_BYTES);
    set.add(form);
    set.compile();
    return ok(createPattern(compiled, set, Math.floor(MOST_WORK / steps)));
  } catch (thrown) {
    // The engine writes flags in front of a pattern, and quotes it so.
    const { message } = asError(thrown);
    return err(message.replace(/^error parsing regexp: /, '').replace(/`(?:\(\?[ims]+\))+/, '`'));
  }
}

/** @param set the same pattern alone: only a set has a bound for its memory, and it finds no groups. */
function createPattern(compiled: RE2JS, set: RE2Set, mostCharacters: number): Pattern {
  const test = (text: string): boolean => set.match(text.slice(0, mostCharacters)).length > 0;
  return {
    names: Object.keys(compiled.namedGroups()),
    test,
    groups(text) {
      // To find groups is far dearer than to see that there is nothing to be found.
      if (!test(text)) return undefined;
      const search = compiled.matcher(text.slice(0, mostCharacters));
      if (!search.find()) return undefined;
      const found = Object.entries(search.getNamedGroups());
      return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== null));
    },
  };
}

const PARTS = /\\(?<escaped>.)|\[(?:[^\]\\]|\\.)*\]|(?<around>\(\?<?[=!])|./gs;

/** The first part of a pattern that no engine can bound, in words; the engine itself would take `\k<a>` for text. */
function unboundedPart(source: string): string | undefined {
  for (const { groups: { escaped = '', around } = {} } of source.matchAll(PARTS)) {
    if (/[k1-9]/.test(escaped)) return `a back reference \`\\${escaped}\``;
    if (around !== undefined) return `look-around \`${around}\``;
  }
  return undefined;
}

function flagBits({ RE2JS: engine }: Engine, flags: string): number {
  return (
    (flags.includes('i') ? engine.CASE_INSENSITIVE : 0) |
    (flags.includes('m') ? engine.MULTILINE : 0) |
    (flags.includes('s') ? engine.DOTALL : 0)
  );
}

type Engine = typeof import('re2js');

/** On first use: it costs 6 MB and 10 ms, and few configs have a pattern. */
function loadEngine(): Engine {
  return createRequire(import.meta.url)('re2js') as Engine;
}
