import type { askParts } from '../../api/generated.ts';

/** What a collector has of a month, hour by hour, or day by day where its parts are days. All times are UTC, as its parts are. */

export type Parts = Awaited<ReturnType<typeof askParts>>;
export type Part = Parts['parts'][number];
export type PartGap = Parts['gaps'][number];

/** `none`: nothing was ever here; `ahead`: it is still to come. */
export const CELL_STATES = ['open', 'closed', 'archived', 'purged', 'none', 'ahead'] as const;
export type CellState = (typeof CELL_STATES)[number];

export interface Cell {
  readonly at: number;
  readonly length: number;
  readonly state: CellState;
  /** null: not known. */
  readonly lines: number | null;
  readonly bytes: number;
  readonly parts: readonly Part[];
  readonly gaps: readonly PartGap[];
  /** The jobs that proved all of its parts elsewhere. */
  readonly proved: readonly string[];
  /** 0 to 4, of the most lines in the month. */
  readonly shade: number;
}

export interface CalendarRow {
  readonly label: string;
  readonly cells: readonly (Cell | null)[];
}

export interface Calendar {
  readonly columns: readonly string[];
  readonly rows: readonly CalendarRow[];
  readonly lines: number;
  readonly bytes: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const SHADES = 5;

/** @param month `2026-11`. */
export function monthBounds(month: string): { readonly since: number; readonly until: number } {
  const [year = 1970, of = 1] = month.split('-').map(Number);
  return { since: Date.UTC(year, of - 1, 1), until: Date.UTC(year, of, 1) };
}

export function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** @returns `2026-10` before `2026-11`. */
export function monthAfter(month: string, by: number): string {
  const [year = 1970, of = 1] = month.split('-').map(Number);
  return monthOf(Date.UTC(year, of - 1 + by, 1));
}

/** `November 2026`. */
export function monthWords(month: string): string {
  return new Date(`${month}-01T00:00Z`).toLocaleDateString('en', {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
}

/** Of an address; undefined where it is none. */
export function readMonth(text: string | null): string | undefined {
  return text !== null && /^20\d\d-(?:0[1-9]|1[0-2])$/.test(text) ? text : undefined;
}

/** @param now the hub's clock. */
export function calendarOf(parts: Parts, month: string, now: number): Calendar {
  const bounds = monthBounds(month);
  const length = parts.every === 'day' ? DAY : HOUR;
  const count = Math.round((bounds.until - bounds.since) / length);
  const slots = Array.from(
    { length: count },
    (): Slot => ({ parts: [], gaps: [], lines: 0, isKnown: true, bytes: 0 }),
  );
  for (const part of parts.parts) placePart(part, slots, bounds.since, length);
  for (const gap of parts.gaps) placeGap(gap, slots, bounds.since, length);
  const most = Math.max(0, ...slots.map(({ lines }) => lines));
  const cells = slots.map((slot, index): Cell => {
    const at = bounds.since + index * length;
    return {
      at,
      length,
      state: stateOf(slot, at, length, parts.purged.until, now),
      lines: slot.parts.length > 0 && slot.isKnown ? Math.round(slot.lines) : null,
      bytes: Math.round(slot.bytes),
      parts: slot.parts,
      gaps: slot.gaps,
      proved: provedOf(slot.parts),
      shade: most === 0 ? 0 : Math.min(SHADES - 1, Math.floor((slot.lines / most) * SHADES)),
    };
  });
  const sum = (of: (part: Part) => number): number =>
    parts.parts.reduce((total, part) => total + of(part), 0);
  const total = { lines: sum(({ lines }) => lines ?? 0), bytes: sum(({ bytes }) => bytes) };
  const { columns, rows } = length === DAY ? weeksOf(cells) : daysOf(cells);
  return {
    columns,
    rows: rows.filter((row) => row.cells.some((cell) => cell !== null && cell.state !== 'ahead')),
    ...total,
  };
}

interface Slot {
  readonly parts: Part[];
  readonly gaps: PartGap[];
  lines: number;
  isKnown: boolean;
  bytes: number;
}

/** Lines and bytes of a part that covers several slots are shared out by how much of each it covers. */
function placePart(part: Part, slots: readonly Slot[], since: number, length: number): void {
  const stretch = stretchOf(part);
  if (stretch === undefined) return;
  const { from, to } = stretch;
  const whole = Math.max(1, to - from);
  const first = Math.floor((from - since) / length);
  const last = Math.floor((to - since) / length);
  for (let index = Math.max(0, first); index <= Math.min(slots.length - 1, last); index++) {
    const slot = slots[index] as Slot;
    const begin = since + index * length;
    const inside = first === last ? 1 : (Math.min(to, begin + length) - Math.max(from, begin)) / whole;
    // One that ends with the very beginning of the next slot is not in it.
    if (inside <= 0) continue;
    slot.parts.push(part);
    slot.bytes += part.bytes * inside;
    slot.lines += (part.lines ?? 0) * inside;
    if (part.lines === null) slot.isKnown = false;
  }
}

/** Without times it is where its name says: `20261122T14`, `2026-11-22T14`. */
function stretchOf({ path, from, to }: Part): { readonly from: number; readonly to: number } | undefined {
  if (from !== null) return { from, to: Math.max(from, to ?? from) };
  const [, year, month, date, hour] = /(\d{4})-?(\d{2})-?(\d{2})T?(\d{2})?[^/]*$/.exec(path) ?? [];
  if (year === undefined) return undefined;
  const at = Date.UTC(Number(year), Number(month) - 1, Number(date), Number(hour ?? 0));
  return { from: at, to: at };
}

function placeGap(gap: PartGap, slots: readonly Slot[], since: number, length: number): void {
  const from = gap.from ?? gap.to;
  const to = gap.to ?? gap.from;
  if (from === null || to === null) return;
  const last = Math.floor((Math.max(from, to) - since) / length);
  for (
    let index = Math.max(0, Math.floor((from - since) / length));
    index <= Math.min(slots.length - 1, last);
    index++
  )
    slots[index]?.gaps.push(gap);
}

/** What is the least far on its way counts. */
function stateOf(
  { parts }: Slot,
  at: number,
  length: number,
  purgedUntil: number | null,
  now: number,
): CellState {
  if (parts.some(({ state }) => state === 'open')) return 'open';
  if (parts.some(({ state }) => state === 'closed')) return 'closed';
  if (parts.length > 0) return 'archived';
  if (at > now) return 'ahead';
  return purgedUntil !== null && at + length / 2 <= purgedUntil ? 'purged' : 'none';
}

function provedOf(parts: readonly Part[]): readonly string[] {
  const [first, ...rest] = parts;
  return first === undefined
    ? []
    : first.proved.filter((job) => rest.every(({ proved }) => proved.includes(job)));
}

function daysOf(cells: readonly Cell[]): Pick<Calendar, 'columns' | 'rows'> {
  const columns = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));
  const rows = Array.from({ length: Math.ceil(cells.length / 24) }, (_, day): CalendarRow => {
    const at = cells[day * 24]?.at ?? 0;
    return {
      label: `${weekdayOf(at)} ${new Date(at).toISOString().slice(8, 10)}`,
      cells: cells.slice(day * 24, day * 24 + 24),
    };
  });
  return { columns, rows };
}

function weeksOf(cells: readonly Cell[]): Pick<Calendar, 'columns' | 'rows'> {
  const lead = WEEKDAYS.indexOf(weekdayOf(cells[0]?.at ?? 0));
  const all: (Cell | null)[] = [...Array.from({ length: lead }, () => null), ...cells];
  while (all.length % 7 > 0) all.push(null);
  const rows = Array.from({ length: all.length / 7 }, (_, week): CalendarRow => {
    const of = all.slice(week * 7, week * 7 + 7);
    const first = of.find((cell) => cell !== null);
    return { label: new Date(first?.at ?? 0).toISOString().slice(5, 10), cells: of };
  });
  return { columns: WEEKDAYS, rows };
}

function weekdayOf(at: number): string {
  return WEEKDAYS[(new Date(at).getUTCDay() + 6) % 7] ?? '';
}

/** `2026-11-22 14:00 – 15:00 UTC`. */
export function cellTime({ at, length }: Cell): string {
  const begin = new Date(at).toISOString();
  if (length === DAY) return `${begin.slice(0, 10)} UTC`;
  return `${begin.slice(0, 10)} ${begin.slice(11, 16)} – ${new Date(at + length).toISOString().slice(11, 16)} UTC`;
}

const STATE_WORDS: Readonly<Record<CellState, string>> = {
  open: 'being written',
  closed: 'complete',
  archived: 'archived',
  purged: 'purged',
  none: 'nothing here',
  ahead: 'still to come',
};

/** @param count how a number is said. @param bytes how a size is said. */
export function cellText(
  cell: Cell,
  count: (value: number) => string,
  bytes: (value: number) => string,
): string {
  const { state, lines, proved, gaps, parts } = cell;
  const size =
    parts.length === 0 ? '' : `${lines === null ? '' : `${count(lines)} lines, `}${bytes(cell.bytes)}`;
  const words = [
    STATE_WORDS[state],
    size,
    proved.length > 0 ? `proved by ${proved.join(', ')}` : '',
    gaps.length > 0 ? `${gaps.length === 1 ? 'a gap' : `${gaps.length} gaps`}: ${gaps[0]?.reason ?? ''}` : '',
  ];
  return `${cellTime(cell)}: ${words.filter((each) => each !== '').join(' · ')}`;
}
