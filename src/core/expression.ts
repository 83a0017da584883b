import {
  type Values,
  type Span,
  type Literal,
  type Operand,
  lookUp,
  type Comparison,
  isComparison,
  type Leaf,
  type Condition,
  join,
  negate,
  isLevelPath,
  isLevelName,
  valueOf,
  asLevel,
  levelMistake,
  leaf,
  comparison,
  membership,
  containment,
  match,
  reasonsOf,
} from './expression-conditions.ts';
import {
  type Token,
  Mistake,
  KEYWORDS,
  HABITS,
  type Cursor,
  nextToken,
  takeBracket,
  takePattern,
} from './expression-tokens.ts';
import { err, ok, type Result } from './result.ts';
import { didYouMean } from './suggest.ts';

export { levelOf, type Values } from './expression-conditions.ts';

/** A condition on named values, such as `level >= error and not (status in [200, 204])`. Grammar: docs of parseExpression. */
export interface Expression {
  /** In normal form; reads back to the same expression. */
  readonly text: string;
  /** The paths that it looks at, each once. */
  readonly paths: readonly string[];
  /** Never throws on JSON values. */
  test(values: Values): boolean;
  /** Why it holds or not, with the values found: `level is info, expected >= error`, or `level is error (>= error)`. */
  explain(values: Values): string;
}

/** A mistake and where in the text it is. */
export interface ExpressionError extends Span {
  readonly message: string;
}

const LONGEST_TEXT = 4_000;
const DEEPEST = 50;
/** More reasons than these are counted, not told. */
const MOST_REASONS = 3;

interface Reading {
  readonly cursor: Cursor;
  readonly names: readonly string[] | undefined;
  readonly paths: Set<string>;
  /** The next token to be read. */
  token: Token;
  depth: number;
}

function advance(reading: Reading): void {
  reading.token = nextToken(reading.cursor);
}

function isAt({ token }: Reading, kind: Token['kind'], text: string): boolean {
  return token.kind === kind && token.text === text;
}

function accept(reading: Reading, kind: Token['kind'], text: string): boolean {
  const found = isAt(reading, kind, text);
  if (found) advance(reading);
  return found;
}

function at(message: string, { offset, length }: Span): Mistake {
  return new Mistake(message, offset, length);
}

function unexpected({ token }: Reading, expected: string): Mistake {
  const habit = HABITS.get(token.text);
  const hint =
    habit !== undefined ? `, write ${habit}` : token.kind === 'path' ? didYouMean(token.text, KEYWORDS) : '';
  const found = token.kind === 'end' ? token.text : JSON.stringify(token.text);
  return at(`cannot read ${found} here: expected ${expected}${hint}`, token);
}

function nested<T>(reading: Reading, rule: (reading: Reading) => T): T {
  if (++reading.depth > DEEPEST)
    throw at(`cannot read an expression nested over ${DEEPEST} deep`, reading.token);
  const value = rule(reading);
  reading.depth--;
  return value;
}

function readOperand(reading: Reading, expected: string): Operand {
  const { operand } = reading.token;
  if (operand === undefined) throw unexpected(reading, expected);
  advance(reading);
  return operand;
}

/** Checks a path's first name, once it is certain that it is no name of a level. */
function settle({ names, paths }: Reading, operand: Operand): Operand {
  if (operand.kind === 'literal') return operand;
  const first = String(operand.steps[0]);
  if (names !== undefined && !names.includes(first)) {
    const quoted = operand.steps.length === 1 ? `; text goes in quotes: ${JSON.stringify(first)}` : '';
    const hint = didYouMean(first, names) || quoted;
    throw at(`cannot find ${JSON.stringify(first)} among the values here${hint}`, operand.span);
  }
  paths.add(operand.text);
  return operand;
}

/** A name of a level is one beside a level's path; in an order also beside any other, unless a value has that name. */
function besideOther(
  { names }: Reading,
  start: Span,
  operand: Operand,
  operator: Comparison,
  other: Operand,
): Operand {
  if (other.kind !== 'path') return operand;
  if (isLevelPath(other)) {
    const mistake = names?.includes(operand.text) === true ? undefined : levelMistake(operand, operator);
    if (mistake !== undefined) throw at(mistake, start);
    return asLevel(operand);
  }
  const isOrdered =
    operator !== '==' && operator !== '!=' && operand.kind === 'path' && !isLevelName(other.text);
  return isOrdered && names?.includes(operand.text) !== true ? asLevel(operand) : operand;
}

function readItem(reading: Reading, left: Operand): Literal {
  const start = reading.token;
  const operand = readOperand(reading, 'a value');
  const isLevel = left.kind === 'path' && isLevelPath(left);
  const item = isLevel ? asLevel(operand) : operand;
  if (item.kind === 'literal') return item;
  const mistake = isLevel ? levelMistake(item, '==') : undefined;
  throw at(
    mistake ?? `cannot use a path in a list: text goes in quotes: ${JSON.stringify(start.text)}`,
    start,
  );
}

function readList(reading: Reading, left: Operand): Literal[] {
  const hasBracket = takeBracket(reading.cursor);
  advance(reading);
  if (!hasBracket) throw unexpected(reading, 'a list such as ["a", "b"]');
  const items: Literal[] = [];
  do items.push(readItem(reading, left));
  while (accept(reading, 'sign', ','));
  if (!accept(reading, 'sign', ']')) throw unexpected(reading, '"," or "]"');
  return items;
}

/** `in […]`, `matches /…/` or `contains Y`; undefined at any other token. */
function readWordTest(reading: Reading, left: Operand): Leaf | undefined {
  if (isAt(reading, 'keyword', 'in')) return membership(settle(reading, left), readList(reading, left));
  if (isAt(reading, 'keyword', 'matches')) {
    const { pattern, text } = takePattern(reading.cursor);
    advance(reading);
    return match(settle(reading, left), pattern, text);
  }
  if (!accept(reading, 'keyword', 'contains')) return undefined;
  const start = reading.token;
  const right = readOperand(reading, 'a value after contains');
  if (right.kind === 'literal' && right.unit !== undefined) {
    throw at(`cannot look for a ${right.unit} in a text: write ${JSON.stringify(right.text)}`, start);
  }
  return containment(settle(reading, left), settle(reading, right));
}

function readExists(reading: Reading): Leaf {
  const start = reading.token;
  const path = settle(reading, readOperand(reading, 'a path after exists'));
  if (path.kind === 'literal') throw at(`cannot ask whether ${path.text} exists: give a path`, start);
  const { steps } = path;
  return {
    ...leaf(path, 'present', (values) => lookUp(values, steps) !== undefined),
    text: `exists ${path.text}`,
  };
}

function readTest(reading: Reading): Condition {
  if (accept(reading, 'keyword', 'exists')) return readExists(reading);
  const leftAt = reading.token;
  const left = readOperand(reading, 'a path or a value');
  const { kind, text } = reading.token;
  if (kind === 'sign' && isComparison(text)) {
    advance(reading);
    const rightAt = reading.token;
    const right = readOperand(reading, `a path or a value after ${text}`);
    const first = settle(reading, besideOther(reading, leftAt, left, text, right));
    return comparison(first, text, settle(reading, besideOther(reading, rightAt, right, text, left)));
  }
  if (accept(reading, 'keyword', 'not')) {
    const test = nested(reading, () => readWordTest(reading, left));
    if (test === undefined) throw unexpected(reading, 'in, contains or matches after not');
    return negate(test);
  }
  const test = readWordTest(reading, left);
  if (test !== undefined) return test;
  if (left.kind === 'literal' && typeof left.value !== 'boolean') {
    throw unexpected(reading, 'a comparison such as == or >=');
  }
  const read = valueOf(settle(reading, left));
  return { ...leaf(left, 'true', (values) => read(values) === true), text: left.text };
}

function readNegation(reading: Reading): Condition {
  if (accept(reading, 'keyword', 'not')) return negate(nested(reading, readNegation));
  if (!accept(reading, 'sign', '(')) return readTest(reading);
  const inside = nested(reading, readAlternatives);
  if (!accept(reading, 'sign', ')')) throw unexpected(reading, '"and", "or" or ")"');
  return inside;
}

function readChain(reading: Reading, kind: 'and' | 'or', rule: (reading: Reading) => Condition): Condition {
  const first = rule(reading);
  if (!isAt(reading, 'keyword', kind)) return first;
  const parts = [first];
  while (accept(reading, 'keyword', kind)) parts.push(rule(reading));
  return join(kind, parts);
}

function readConjunction(reading: Reading): Condition {
  return readChain(reading, 'and', readNegation);
}

function readAlternatives(reading: Reading): Condition {
  return readChain(reading, 'or', readConjunction);
}

function readWhole(text: string, names: readonly string[] | undefined): Expression {
  const cursor = { text, at: 0 };
  const reading: Reading = { cursor, names, paths: new Set(), token: nextToken(cursor), depth: 0 };
  const condition = readAlternatives(reading);
  if (reading.token.kind !== 'end') throw unexpected(reading, '"and" or "or"');
  return {
    text: condition.text,
    paths: [...reading.paths],
    test: condition.holds,
    explain(values) {
      const reasons = reasonsOf(condition, values, false);
      const more = reasons.length > MOST_REASONS ? `; and ${reasons.length - MOST_REASONS} more` : '';
      return reasons.slice(0, MOST_REASONS).join('; ') + more;
    },
  };
}

/**
 * Reads an expression, at most 4,000 characters long and 50 levels deep:
 *
 * - `A or B`, `A and B`, `not A`, `(A)`
 * - `X == Y`, also `!=` `<` `<=` `>` `>=`; `X in [1, "a"]`, `X contains Y`, `X matches /re/i`, each also as `X not in …`;
 *   `exists PATH`; a path alone holds when it is true
 * - X and Y: paths such as `body.items[0]["odd key"]`, numbers, durations (`5m`, compared in milliseconds), sizes (`400M`,
 *   in bytes), strings in single or double quotes, `true`, `false`, `null`
 * - beside a path that ends in `level` or `severity`, and with `<` `<=` `>` `>=` beside any path: `trace debug info warn error
 *   fatal`, which data may give as a name or as a number from 1 to 24 (`["error"]` is a path even there)
 *
 * What is missing equals `null` only, and has no order. A number and a string of digits compare as numbers; other types
 * are unequal and have no order.
 * @param names the first names that paths can have; any other is an error. Without them every path is taken.
 */
export function parseExpression(
  text: string,
  { names }: { readonly names?: readonly string[] } = {},
): Result<Expression, ExpressionError> {
  if (text.length > LONGEST_TEXT) {
    const message = `cannot read an expression of over ${LONGEST_TEXT} characters`;
    return err({ message, offset: LONGEST_TEXT, length: text.length - LONGEST_TEXT });
  }
  try {
    return ok(readWhole(text, names));
  } catch (thrown) {
    if (thrown instanceof Mistake)
      return err({ message: thrown.message, offset: thrown.offset, length: thrown.length });
    throw thrown;
  }
}
