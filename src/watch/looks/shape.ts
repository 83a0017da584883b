import { MOST_INTEGER } from './bytes.ts';

/**
 * The shape of a reading: the reading with a letter in the place of each value, as JSON. Readings of one watch have a handful of
 * shapes, so that a look is the number of its shape, and its values.
 */
type Leaf =
  /** An integer. */
  | 'i'
  /** A number with up to three decimals. */
  | 'd'
  /** Any other number. */
  | 'f'
  | 's'
  /** A list, or an object with nothing in it: its JSON. */
  | 'j';

type Plain = Readonly<Record<string, unknown>>;

/** A decimal is written as an integer, so many times as large. */
export const SCALE = 1000;

/** Takes a reading apart: adds its values, in their order, and answers with a text that is the same for all readings of its shape. */
export function takeApart(reading: Plain, values: (number | string)[]): string {
  let text = '{';
  for (const [key, value] of Object.entries(reading)) {
    const shape = shapeOfValue(value, values);
    if (shape !== '') text += `${key.length}:${key}${shape}`;
  }
  return `${text}}`;
}

/** Empty for what JSON has no word for: it is left out, as JSON does. */
function shapeOfValue(value: unknown, values: (number | string)[]): string {
  if (typeof value === 'boolean') return value ? 't' : 'n';
  if (value === null) return '0';
  if (typeof value === 'object' && isMap(value)) return takeApart(value, values);
  const leaf = leafOf(value);
  if (leaf === undefined) return '';
  values.push(wholeOf(leaf, value));
  return leaf;
}

function isMap(value: object): value is Plain {
  return !Array.isArray(value) && Object.keys(value).length > 0;
}

function leafOf(value: unknown): Leaf | undefined {
  if (typeof value === 'string') return 's';
  if (typeof value === 'object') return 'j';
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (Object.is(value, -0)) return 'f';
  if (Number.isInteger(value)) return Math.abs(value) < MOST_INTEGER ? 'i' : 'f';
  const scaled = Math.round(value * SCALE);
  return Math.abs(scaled) < MOST_INTEGER && scaled / SCALE === value ? 'd' : 'f';
}

function wholeOf(leaf: Leaf, value: unknown): number | string {
  if (leaf === 'j') return JSON.stringify(value);
  return leaf === 'd' ? Math.round((value as number) * SCALE) : (value as number | string);
}

/** The shape of a reading as JSON, which `parseShape` reads. */
export function shapeText(reading: Plain): string {
  const skeleton = (value: unknown): unknown => {
    if (typeof value === 'boolean' || value === null) return value;
    if (typeof value !== 'object' || !isMap(value)) return leafOf(value);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, skeleton(inner)]));
  };
  return JSON.stringify(isMap(reading) ? skeleton(reading) : {});
}

/** A shape that was read: gives back readings, from their values in the order of its leaves. */
export interface ParsedShape {
  readonly leaves: readonly { readonly path: string; readonly leaf: Leaf }[];
  build(values: readonly unknown[]): Record<string, unknown>;
}

/** @throws where the text is no shape. */
export function parseShape(text: string): ParsedShape {
  const leaves: { path: string; leaf: Leaf }[] = [];
  type Maker = (values: readonly unknown[]) => unknown;
  const visit = (value: unknown, path: string): Maker => {
    if (typeof value === 'string') {
      const place = leaves.push({ path, leaf: value as Leaf }) - 1;
      return (values) => values[place];
    }
    if (typeof value !== 'object' || value === null) return () => value;
    const made = Object.entries(value).map(([key, inner]) => [key, visit(inner, `${path}/${key}`)] as const);
    return (values) => Object.fromEntries(made.map(([key, make]) => [key, make(values)]));
  };
  const make = visit(JSON.parse(text), '');
  return { leaves, build: (values) => make(values) as Record<string, unknown> };
}
