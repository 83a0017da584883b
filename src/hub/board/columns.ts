/** Values of several figures at the same points: a minute each for an hour, or an hour each for a day. What is not known is NaN. */
export interface Columns {
  set(figure: string, point: number, value: number): void;
  /** undefined where there is no such figure. */
  get(figure: string): Float32Array | undefined;
  names(): string[];
  readonly isEmpty: boolean;
}

/** Figures of one service: more are left out. A watch each, and what the kind has. */
const MOST_FIGURES = 64;

export function createColumns(points: number, from: ReadonlyMap<string, Float32Array> = new Map()): Columns {
  const columns = new Map(from);
  return {
    set(figure, point, value) {
      let column = columns.get(figure);
      if (column === undefined) {
        if (columns.size >= MOST_FIGURES) return;
        column = new Float32Array(points).fill(Number.NaN);
        columns.set(figure, column);
      }
      column[point] = value;
    },
    get: (figure) => columns.get(figure),
    names: () => [...columns.keys()],
    get isEmpty() {
      return columns.size === 0;
    },
  };
}

const LINE_END = 10;

/** As it is stored: a line of JSON with the names, then each one's values, four bytes each, little-endian. */
export function packColumns(columns: Columns): Buffer {
  const names = columns.names();
  const parts = names.map((name) => {
    const values = columns.get(name) ?? new Float32Array();
    const bytes = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4);
    return bytes;
  });
  return Buffer.concat([Buffer.from(`${JSON.stringify(names)}\n`), ...parts]);
}

/** @returns undefined where it is not as `packColumns` writes it. */
export function unpackColumns(bytes: Uint8Array, points: number): Columns | undefined {
  const end = bytes.indexOf(LINE_END);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let names: unknown;
  try {
    names = JSON.parse(buffer.toString('utf8', 0, end));
  } catch {
    return undefined;
  }
  if (!Array.isArray(names) || bytes.length !== end + 1 + names.length * points * 4) return undefined;
  const columns = new Map<string, Float32Array>();
  for (const [index, name] of names.entries()) {
    const start = end + 1 + index * points * 4;
    const values = Float32Array.from({ length: points }, (_, point) => buffer.readFloatLE(start + point * 4));
    columns.set(String(name), values);
  }
  return createColumns(points, columns);
}

/** The mean of what is known; undefined where nothing is. */
export function meanOf(values: ArrayLike<number>): number | undefined {
  let [sum, count] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? undefined : sum / count;
}

/** What four bytes can hold exactly as a whole number. */
const MOST_WHOLE = 2 ** 24;
/** Four bytes have some seven digits; more would be shown than there were. */
const DIGITS = 7;

export function rounded(value: number): number | null {
  if (Number.isInteger(value) && Math.abs(value) <= MOST_WHOLE) return value;
  if (!Number.isFinite(value)) return null;
  const places = DIGITS - 1 - Math.floor(Math.log10(Math.abs(value)));
  if (places > 300) return 0;
  // Powers of ten with a negative exponent are not exact.
  const scale = 10 ** Math.abs(places);
  return places < 0 ? Math.round(value / scale) * scale : Math.round(value * scale) / scale;
}
