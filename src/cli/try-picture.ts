import type { Range, Span } from '../watch/replay/tally.ts';
import { type Paint, paint } from './output.ts';

type State = Span['state'];

/** How a state is drawn; of several in one block the last here counts. */
const BLOCKS: readonly (readonly [state: State, block: string, style: Paint | undefined, word: string])[] = [
  [null, ' ', undefined, 'nobody looked'],
  ['ok', '▁', 'green', 'ok'],
  ['new', '·', 'dim', 'not known yet'],
  ['unknown', '?', 'yellow', 'could not look'],
  ['late', '▄', 'yellow', 'late'],
  ['flapping', '▒', 'red', 'flapping'],
  ['bad', '█', 'red', 'bad'],
];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What a line of the picture is. Times are UTC, as everywhere. */
interface Layout {
  readonly lineMs: number;
  readonly blocks: number;
  /** What stands above the blocks. */
  readonly heading: string;
  readonly label: (at: number) => string;
}

const DAYS: Layout = {
  lineMs: DAY_MS,
  blocks: 48,
  heading: '00:00       06:00       12:00       18:00',
  label: (at) => new Date(at).toISOString().slice(0, 10),
};
const HOURS: Layout = {
  lineMs: HOUR_MS,
  blocks: 60,
  heading: ':00            :15            :30            :45',
  label: (at) => `${new Date(at).toISOString().slice(0, 13)}h`,
};
const MINUTES: Layout = {
  lineMs: MINUTE_MS,
  blocks: 60,
  heading: ':00            :15            :30            :45',
  label: (at) => new Date(at).toISOString().slice(0, 16),
};
/** Up to so long a range a minute, or an hour, is a line; beyond that a day. */
const MOST_MINUTES_MS = 20 * MINUTE_MS;
const MOST_HOURS_MS = 36 * HOUR_MS;

function layoutFor(ms: number): Layout {
  if (ms > MOST_HOURS_MS) return DAYS;
  return ms > MOST_MINUTES_MS ? HOURS : MINUTES;
}

/** The states of a range, a line for each day, or of a short one for each hour or minute; the worst of each block is shown. */
export function stateLines(spans: readonly Span[], { since, until }: Range, colour: boolean): string[] {
  const { lineMs, blocks, heading, label } = layoutFor(until - since);
  const width = label(since).length;
  const lines = [`${' '.repeat(width)} ${paint(colour, 'dim', heading)}`];
  const used = new Set<State>();
  for (let at = Math.floor(since / lineMs) * lineMs; at < until; at += lineMs) {
    const drawn: string[] = [];
    for (let block = 0; block < blocks; block++) {
      const from = at + (block * lineMs) / blocks;
      const to = Math.min(from + lineMs / blocks, until);
      const worst = from < until && to > since ? worstOf(spans, Math.max(from, since), to) : undefined;
      if (worst !== undefined) used.add(worst[0]);
      drawn.push(worst === undefined ? ' ' : drawBlock(worst, colour));
    }
    lines.push(`${label(at)} ${drawn.join('').trimEnd()}`);
  }
  const legend = BLOCKS.filter(([state]) => used.has(state)).map((each) =>
    each[0] === null ? `(blank) ${each[3]}` : `${drawBlock(each, colour)} ${each[3]}`,
  );
  return [...lines, `${' '.repeat(width)} ${legend.join('   ')}`];
}

type Block = (typeof BLOCKS)[number];

function drawBlock([, block, style]: Block, colour: boolean): string {
  return style === undefined ? block : paint(colour, style, block);
}

function worstOf(spans: readonly Span[], from: number, to: number): Block | undefined {
  const states = spans.filter((span) => span.to > from && span.from < to).map(({ state }) => state);
  return BLOCKS.findLast(([state]) => states.includes(state));
}
