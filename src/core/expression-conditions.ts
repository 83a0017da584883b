import { approximateDuration, formatDuration } from './durations.ts';
import type { Pattern } from './pattern.ts';
import { LEVELS, type LevelName, levelName } from './record.ts';
import { approximateSize, formatSize } from './sizes.ts';
import { suggest } from './suggest.ts';

export type Values = Readonly<Record<string, unknown>>;

/** A stretch of the text, in UTF-16 code units from 0. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

type Path = {
  readonly kind: 'path';
  readonly steps: readonly (string | number)[];
  readonly text: string;
  readonly span: Span;
};
export type Literal = {
  readonly kind: 'literal';
  readonly value: string | number | boolean | null;
  readonly text: string;
  readonly unit?: 'duration' | 'size' | 'level';
};
export type Operand = Path | Literal;

/**
 * Names of levels as programs write them. `critical` and above are fatal as in Python and .NET, where it is the top;
 * `notice` is INFO2 (opentelemetry.io/docs/specs/otel/logs/data-model-appendix).
 */
const LEVEL_NAMES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...LEVELS,
    information: 9,
    informational: 9,
    notice: 10,
    warning: 13,
    err: 17,
    critical: 21,
    crit: 21,
    alert: 21,
    emerg: 21,
    emergency: 21,
    panic: 21,
  }),
);

/** A level as data give it, as a number from 1 to 24: such a number, its digits, or a name in any case (`warning`, `ERR`, `critical`); else undefined. */
export function levelOf(value: unknown): number | undefined {
  if (typeof value === 'string')
    return LEVEL_NAMES.get(value.trim().toLowerCase()) ?? levelOf(numberIn(value));
  return typeof value === 'number' && value >= 1 && value <= 24 ? value : undefined;
}

/** A level's rank, 1 to 6: all four of a range are the same one, so that 18 equals `error`. */
function rankOf(value: unknown): number | undefined {
  const level = levelOf(value);
  return level === undefined ? undefined : Math.ceil(Math.floor(level) / 4);
}

function numberIn(text: string): number | undefined {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** The value at a path: own properties of objects by name, items of lists by number; else undefined. */
export function lookUp(values: unknown, steps: readonly (string | number)[]): unknown {
  let value = values;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) !== (typeof step === 'number'))
      return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** Missing equals null and nothing else; a number equals a string of digits; lists and objects equal only themselves. */
function equal(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === null || b === null;
  if (typeof a === 'number' && typeof b === 'string') return a === numberIn(b);
  if (typeof a === 'string' && typeof b === 'number') return numberIn(a) === b;
  return a === b;
}

/** Below 0, 0 or above 0; NaN, of which no comparison holds, where the two have no order. */
function order(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
  const x = typeof a === 'string' ? numberIn(a) : a;
  const y = typeof b === 'string' ? numberIn(b) : b;
  return typeof x === 'number' && typeof y === 'number'
    ? x < y
      ? -1
      : x > y
        ? 1
        : x === y
          ? 0
          : Number.NaN
    : Number.NaN;
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

const COMPARISONS: Readonly<Record<Comparison, (a: unknown, b: unknown) => boolean>> = {
  '==': equal,
  '!=': (a, b) => !equal(a, b),
  '<': (a, b) => order(a, b) < 0,
  '<=': (a, b) => order(a, b) <= 0,
  '>': (a, b) => order(a, b) > 0,
  '>=': (a, b) => order(a, b) >= 0,
};
export const isComparison = (text: string): text is Comparison => Object.hasOwn(COMPARISONS, text);
const FLIPPED: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

export interface Leaf {
  readonly kind: 'leaf';
  readonly text: string;
  readonly holds: (values: Values) => boolean;
  readonly subject: Operand;
  /** What is expected of the subject: `>= error`. */
  readonly claim: string;
  readonly other?: Operand;
}

interface Branch {
  readonly kind: 'or' | 'and' | 'not';
  readonly text: string;
  readonly holds: (values: Values) => boolean;
  readonly parts: readonly Condition[];
}

export type Condition = Leaf | Branch;

/** Joins conditions by `and` or `or`; one of the same kind inside is taken apart, others get parentheses where they bind less. */
export function join(kind: 'and' | 'or', given: readonly Condition[]): Condition {
  const parts = given.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  const texts = parts.map((part) => (kind === 'and' && part.kind === 'or' ? `(${part.text})` : part.text));
  const holds =
    kind === 'and'
      ? (values: Values) => parts.every((part) => part.holds(values))
      : (values: Values) => parts.some((part) => part.holds(values));
  return { kind, text: texts.join(` ${kind} `), holds, parts };
}

export function negate(part: Condition): Condition {
  const text = part.kind === 'and' || part.kind === 'or' ? `(${part.text})` : part.text;
  return { kind: 'not', text: `not ${text}`, holds: (values) => !part.holds(values), parts: [part] };
}

export const isLevelPath = ({ steps }: Path): boolean => /(?:level|severity)$/i.test(String(steps.at(-1)));
export const isLevelName = (name: unknown): name is LevelName =>
  typeof name === 'string' && Object.hasOwn(LEVELS, name);

export function valueOf(operand: Operand): (values: Values) => unknown {
  if (operand.kind === 'literal') return () => operand.value;
  const { steps } = operand;
  return (values) => lookUp(values, steps);
}

/** What stands opposite a level: a bare or quoted name of one becomes its number. */
export function asLevel(operand: Operand): Operand {
  const name = operand.kind === 'path' ? operand.text : operand.value;
  return isLevelName(name)
    ? { kind: 'literal', value: LEVELS[name], text: operand.text, unit: 'level' }
    : operand;
}

/** What is wrong with a level that no level is called: it would silently be another field, or be compared letter by letter. */
export function levelMistake(operand: Operand, operator: Comparison): string | undefined {
  const isOrdered = operator !== '==' && operator !== '!=';
  const name = operand.kind === 'path' ? operand.text : operand.value;
  // A path of several steps is a field, whatever it is called.
  if (operand.kind === 'path' && operand.steps.length > 1) return undefined;
  if (typeof name !== 'string' || isLevelName(name) || (operand.kind === 'literal' && !isOrdered))
    return undefined;
  const spelled = LEVEL_NAMES.get(name.toLowerCase());
  const meant = spelled === undefined ? suggest(name, Object.keys(LEVELS)) : levelName(spelled);
  if (meant === undefined || (operand.kind === 'literal' && spelled === undefined)) return undefined;
  return `cannot find the level ${JSON.stringify(name)}: write ${Object.keys(LEVELS).join(', ')}; did you mean ${JSON.stringify(meant)}?`;
}

/** How the values of two operands are compared: as ranks when one is a level, else as they are. */
function reader(operand: Operand, other: Operand): (values: Values) => unknown {
  const read = valueOf(operand);
  const isLevel = (side: Operand): boolean => side.kind === 'literal' && side.unit === 'level';
  if (isLevel(operand) || isLevel(other)) return (values) => rankOf(read(values));
  if (
    operand.kind === 'path' &&
    isLevelPath(operand) &&
    other.kind === 'literal' &&
    typeof other.value === 'number'
  ) {
    return (values) => {
      const value = read(values);
      return typeof value === 'string' ? (levelOf(value) ?? value) : value;
    };
  }
  return read;
}

export function leaf(subject: Operand, claim: string, holds: Leaf['holds'], other?: Operand): Leaf {
  return {
    kind: 'leaf',
    text: `${subject.text} ${claim}`,
    holds,
    subject,
    claim,
    ...(other !== undefined && { other }),
  };
}

export function comparison(left: Operand, operator: Comparison, right: Operand): Leaf {
  // The subject, of which explain speaks, is the path.
  if (left.kind === 'literal' && right.kind === 'path') return comparison(right, FLIPPED[operator], left);
  const [a, b, holds] = [reader(left, right), reader(right, left), COMPARISONS[operator]];
  return leaf(left, `${operator} ${right.text}`, (values) => holds(a(values), b(values)), right);
}

export function membership(left: Operand, items: readonly Literal[]): Leaf {
  const tests = items.map((item) => comparison(left, '==', item).holds);
  const claim = `in [${items.map((item) => item.text).join(', ')}]`;
  return leaf(left, claim, (values) => tests.some((holds) => holds(values)), items[0]);
}

export function containment(left: Operand, right: Operand): Leaf {
  const [whole, part] = [valueOf(left), valueOf(right)];
  const holds = (values: Values): boolean => {
    const [a, b] = [whole(values), part(values)];
    if (Array.isArray(a)) return a.some((item) => equal(item, b));
    return typeof a === 'string' && (typeof b === 'string' || typeof b === 'number') && a.includes(String(b));
  };
  return leaf(left, `contains ${right.text}`, holds, right);
}

export function match(left: Operand, pattern: Pattern, text: string): Leaf {
  const read = valueOf(left);
  const holds = (values: Values): boolean => {
    const value = read(values);
    const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return isText && pattern.test(String(value));
  };
  return leaf(left, `matches ${text}`, holds);
}

function shown(value: unknown, beside: Operand | undefined): string {
  if (value === undefined) return 'missing';
  const unit = beside?.kind === 'literal' ? beside.unit : undefined;
  if (typeof value === 'number' && (unit === 'duration' || unit === 'size')) {
    const [exact, approximate] =
      unit === 'duration'
        ? [formatDuration(value), approximateDuration(value)]
        : [formatSize(value), approximateSize(value)];
    return approximate === beside?.text ? exact : approximate;
  }
  const level = unit === 'level' ? levelOf(value) : undefined;
  if (level !== undefined) return levelName(level);
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === null ? 'null' : 'an object';
}

function reasonOf({ subject, claim, other, holds }: Leaf, values: Values, negated: boolean): string {
  const found =
    subject.kind === 'literal'
      ? subject.text
      : `${subject.text} is ${shown(valueOf(subject)(values), other)}`;
  const wanted = `${negated ? 'not ' : ''}${claim}`;
  const text = holds(values) === negated ? `${found}, expected ${wanted}` : `${found} (${wanted})`;
  return other?.kind === 'path'
    ? `${text}, ${other.text} is ${shown(valueOf(other)(values), undefined)}`
    : text;
}

/** The comparisons that make a condition what it is, each with its values. */
export function reasonsOf(condition: Condition, values: Values, negated: boolean): string[] {
  if (condition.kind === 'leaf') return [reasonOf(condition, values, negated)];
  if (condition.kind === 'not') return condition.parts.flatMap((part) => reasonsOf(part, values, !negated));
  const holds = condition.holds(values);
  return condition.parts
    .filter((part) => part.holds(values) === holds)
    .flatMap((part) => reasonsOf(part, values, negated));
}
