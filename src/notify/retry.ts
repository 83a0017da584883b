import type { DeliveryOutcome, Notice } from '../core/channel.ts';
import { backoffDelay } from '../core/backoff.ts';
import type { ChannelState } from './channel-state.ts';
import { cutText } from './incident.ts';
import type { OutboxRow } from './outbox-row.ts';

const FIRST_MS = 5_000;
const LONGEST_MS = 15 * 60_000;
/** What the far side says it can never take is tried again so rarely. */
const REFUSED_MS = 60 * 60_000;
/** No wait that a far side asks for is longer. */
const MOST_ASKED_MS = 24 * 60 * 60_000;
const JITTER = 0.2;
const KEPT_LINES = 50;
const NO_WAIT = { notBefore: 0, askedUntil: 0, waitMs: 0 };
const CLEAR = { trying: false, unsure: false, refused: false };

/** What came of a try: the far side's word, or our own deadline, after which nobody knows whether it has the message. */
export type TryOutcome = DeliveryOutcome | { readonly kind: 'timeout'; readonly reason: string };

/** Whether the far side may have taken it, though it did not say so. */
export function isUnsure(outcome: TryOutcome): boolean {
  return outcome.kind === 'timeout' || (outcome.kind === 'failed' && outcome.unsure === true);
}

export interface AfterTry {
  readonly row: OutboxRow;
  readonly channel: ChannelState;
}

/**
 * What a try does to its message and to its channel. Trouble that may pass holds the whole channel, so that its order stays and a
 * far side in trouble is left alone; what is refused for good holds itself alone. Pure.
 * @param random from 0 up to 1.
 */
export function afterTry(
  row: OutboxRow,
  channel: ChannelState,
  outcome: TryOutcome,
  { now, random }: { readonly now: number; readonly random: () => number },
): AfterTry {
  const calm = { ...channel, failures: 0, ...NO_WAIT };
  if (outcome.kind === 'delivered') {
    const detail = cutText(outcome.detail);
    const done = { state: 'delivered', deliveredAt: now, detail, error: '' } as const;
    return {
      row: { ...row, ...done, notice: withoutLines(row.notice), ...CLEAR },
      channel: { ...calm, lastDeliveredAt: now, error: '' },
    };
  }
  const error = cutText(outcome.reason);
  const more = outcome.kind === 'failed' ? (outcome.taken ?? []) : [];
  const taken = [...new Set([...row.taken, ...more])];
  if (outcome.kind === 'failed' && !outcome.retry) {
    // Never less than an hour, and not all at the same time.
    const waitMs = Math.round(REFUSED_MS * (1 + JITTER * random()));
    const refused = { trying: false, taken, refused: true, notBefore: now + waitMs, error };
    return { row: { ...row, ...refused }, channel: { ...calm, error } };
  }
  const askedMs = outcome.kind === 'failed' ? Math.min(outcome.retryAfterMs ?? 0, MOST_ASKED_MS) : 0;
  const attempt = channel.failures;
  const own = backoffDelay({ minMs: FIRST_MS, maxMs: LONGEST_MS, attempt, random, jitter: JITTER });
  const waitMs = Math.max(own, askedMs);
  const askedUntil = askedMs > 0 ? now + askedMs : 0;
  const wait = { notBefore: now + waitMs, askedUntil, waitMs };
  return {
    row: { ...row, taken, ...CLEAR, unsure: row.unsure || isUnsure(outcome), error },
    channel: { ...channel, failures: attempt + 1, ...wait, error },
  };
}

/** For the history: what was logged and printed is in the time line, and need not be kept twice. */
function withoutLines(notice: Notice | null): Notice | null {
  if (notice === null) return null;
  const items = notice.items.map((item) => ({ ...item, tail: [] }));
  return { ...notice, items, lines: notice.lines.slice(0, KEPT_LINES) };
}

/** Something may be different now: another config, a message that got through. Only what the far side asked for is still waited for. */
export function hurried(channel: ChannelState): ChannelState {
  return { ...channel, notBefore: Math.min(channel.notBefore, channel.askedUntil) };
}

/** After a step of the wall clock backwards a wait is no longer than it was. */
export function steady(channel: ChannelState, now: number): ChannelState {
  const { notBefore, waitMs } = channel;
  return notBefore > now + waitMs ? { ...channel, notBefore: now + waitMs } : channel;
}

/** The first message of a channel that may be tried, and how long until then; undefined where nothing waits. */
export function nextTry(
  pending: readonly OutboxRow[],
  channel: ChannelState,
  now: number,
): { readonly row: OutboxRow; readonly inMs: number } | undefined {
  let best: { readonly row: OutboxRow; readonly inMs: number } | undefined;
  for (const row of pending) {
    const inMs = Math.max(0, Math.min(row.notBefore - now, REFUSED_MS * (1 + JITTER)));
    if (best === undefined || inMs < best.inMs) best = { row, inMs };
  }
  return best && { row: best.row, inMs: Math.max(best.inMs, channel.notBefore - now) };
}
