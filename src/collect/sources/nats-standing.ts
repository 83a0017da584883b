import type { StreamPosition } from '../../core/source.ts';

/** What a stream is and has, as its server tells. */
export interface StreamFacts {
  /** When it was made, as the server writes it. */
  readonly created: string;
  /** The number of its oldest message; of the next one where it has none. */
  readonly firstSeq: number;
  /** The time of its oldest message, as the server writes it. */
  readonly firstTime: string;
  readonly lastSeq: number;
}

/** Where we stand: behind this message of the stream that was made then. Committed with each event. */
export interface Mark {
  readonly created: string;
  readonly seq: number;
  /** Its time, nanoseconds since 1970; undefined where we stand behind a message that we never had. */
  readonly nanos: bigint | undefined;
}

export function markText({ created, seq, nanos }: Mark): string {
  return `${created} ${seq} ${nanos ?? '-'}`;
}

/** Undefined where there is none, or one that this version does not know. */
export function readMark(text: string | undefined): Mark | undefined {
  const [, created = '', seq, nanos] = /^(\S+) (\d{1,16}) (-|\d{1,19})$/.exec(text ?? '') ?? [];
  if (nanos === undefined || !Number.isSafeInteger(Number(seq))) return undefined;
  return { created, seq: Number(seq), nanos: nanos === '-' ? undefined : BigInt(nanos) };
}

/** Nanoseconds since 1970 of a time as NATS servers write it; undefined for anything else. */
export function nanosOf(text: string): bigint | undefined {
  const [, seconds, fraction = '', zone] =
    /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/.exec(text) ?? [];
  const ms = seconds === undefined ? Number.NaN : Date.parse(`${seconds}${zone}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** What has to be said before we can go on. */
export type Standing =
  | { readonly kind: 'fine' }
  | { readonly kind: 'reset'; readonly detail: string }
  /** Messages behind our position are gone; `until` is the time of the oldest that is left, milliseconds. */
  | { readonly kind: 'outdated'; readonly detail: string; readonly since?: number; readonly until?: number };

/**
 * Compares where we stand with what the server has.
 * @param stored the time of the message that the server has under our number now, nanoseconds; undefined where it has none.
 */
export function judgeStanding(
  facts: StreamFacts,
  position: StreamPosition,
  mark: Mark | undefined,
  stored: bigint | undefined,
): Standing {
  const seq = mark?.seq ?? (typeof position === 'number' ? position : undefined);
  if (seq === undefined) return { kind: 'fine' };
  if (mark !== undefined && mark.created !== facts.created)
    return { kind: 'reset', detail: `the stream was made anew at ${facts.created}` };
  if (facts.lastSeq < seq)
    return { kind: 'reset', detail: `the stream ends at ${facts.lastSeq}, and we stand at ${seq}` };
  if (mark?.nanos !== undefined && stored !== undefined && stored !== mark.nanos)
    return { kind: 'reset', detail: `message ${seq} is another one than the one we had under that number` };
  if (facts.firstSeq <= seq + 1) return { kind: 'fine' };
  const since = mark?.nanos === undefined ? {} : { since: Number(mark.nanos / 1_000_000n) };
  const oldest = facts.firstSeq > facts.lastSeq ? undefined : nanosOf(facts.firstTime);
  const until = oldest === undefined ? {} : { until: Number(oldest / 1_000_000n) };
  const left = oldest === undefined ? 'it is empty' : `its oldest is of ${facts.firstTime}`;
  const detail = `the stream no longer has ${seq + 1} to ${facts.firstSeq - 1}; ${left}`;
  return { kind: 'outdated', detail, ...since, ...until };
}
