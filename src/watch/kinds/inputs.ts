import type { Expression, Values } from '../../core/expression.ts';
import { lookUp } from '../../core/expression-conditions.ts';

/** What an expression was asked of, as far as it is small: enough to ask again, the same expression or another one. */
export type Inputs = {
  /** The paths whose values are below; one whose value was missing is among them. */
  readonly paths: readonly string[];
  readonly values: Values;
  /** What the expression of the look itself said, where not all that it looks at could be kept. */
  readonly said?: { readonly of: string; readonly holds: boolean; readonly why: string };
};

export interface Answer {
  readonly holds: boolean;
  readonly why: string;
}

/** A value is small up to this many characters of JSON. */
const SMALL = 200;

/** Keeps what an expression looks at, and what other paths say, as far as their values are small. */
export function inputsOf(expression: Expression, values: Values, more: readonly string[] = []): Inputs {
  const kept: Values = {};
  const paths: string[] = [];
  for (const path of new Set([...expression.paths, ...more])) {
    const steps = stepsOf(path);
    const value = lookUp(values, steps);
    if (value !== undefined) {
      if (sizeOf(value) > SMALL) continue;
      put(kept, steps, value);
    }
    paths.push(path);
  }
  if (expression.paths.every((path) => paths.includes(path))) return { paths, values: kept };
  const said = { of: expression.text, holds: expression.test(values), why: expression.explain(values) };
  return { paths, values: kept, said };
}

/** What an expression says of what was kept; undefined where it looks at what was not. */
export function ask(expression: Expression, { paths, values, said }: Inputs): Answer | undefined {
  if (said?.of === expression.text) return said;
  if (!expression.paths.every((path) => paths.includes(path))) return undefined;
  return { holds: expression.test(values), why: expression.explain(values) };
}

/** The first path of an expression that nothing was kept of. */
export function lacking(expression: Expression, { paths }: Inputs): string {
  return expression.paths.find((path) => !paths.includes(path)) ?? '';
}

const sizeOf = (value: unknown): number =>
  typeof value === 'string' ? value.length : JSON.stringify(value).length;

const STEP = /\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.[\]]+)/g;

/** The steps of a path in the form that expressions give it: `body.items[0]["odd key"]`. */
function stepsOf(path: string): (string | number)[] {
  return [...path.matchAll(STEP)].map(([, index, quoted, name]) =>
    index === undefined ? (quoted === undefined ? (name ?? '') : String(JSON.parse(quoted))) : Number(index),
  );
}

/** Puts a value at a path, with the objects and lists on the way to it. */
function put(values: Values, steps: readonly (string | number)[], value: unknown): void {
  let into = values as Record<string | number, unknown>;
  for (const [depth, step] of steps.entries()) {
    const next = steps[depth + 1];
    const known = Object.hasOwn(into, step) ? into[step] : undefined;
    // A path may lead through what another one has whole: copied, so that nothing foreign is changed.
    const inner =
      next === undefined ? value : (structuredClone(known) ?? (typeof next === 'number' ? [] : {}));
    Object.defineProperty(into, step, { value: inner, enumerable: true, writable: true, configurable: true });
    into = inner as Record<string | number, unknown>;
  }
}
