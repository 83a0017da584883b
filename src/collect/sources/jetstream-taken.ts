import type { SourceMessage, StreamPosition } from '../../core/source.ts';
import { microsText } from '../../wire/jetstream/lines.ts';
import { REWIND_US } from './jetstream-request.ts';
import { createRecent } from './jetstream-recent.ts';
import { createSample, readSample } from './jetstream-sample.ts';

/**
 * What a source has handed over of a server of version 1, over all its connections.
 *
 * Such a server gives each event a time of its own, but it does not always send them in that order: where a replay goes over to
 * live, live events overtake it, and others are left out (bluesky-social/jetstream-legacy#42); to a slow reader it drops what it
 * cannot get rid of, without a word. So the highest time does not say what was taken. The times of the last minute do.
 */
export interface Taken {
  /**
   * A connection begins. Answers what must come again: the highest time taken; undefined where nothing is known to be.
   * @param mark what `mark` made of the last event that was committed, undefined where there is none.
   */
  begin(position: StreamPosition, mark: string | undefined): number | undefined;
  /** `next`: later than all before. `late`: it should have come before, and did not. `again`: it came before. */
  judge(timeUs: number): 'next' | 'late' | 'again';
  /** Whether an event from before what was taken is ours; undefined where nothing says so. */
  isOurs(timeUs: number): boolean | undefined;
  /** Takes an event: its number, above all before it, and the mark to commit with it. */
  take(timeUs: number): { readonly seq: number; readonly mark: string };
  /** An event came again. Answers what there is to say of it: what the last life did not take cannot be told from what it did. */
  again(timeUs: number): SourceMessage | undefined;
  /** What was taken has other times on the server that answers now. */
  forget(): void;
  /** Takes an event of a server of version 2, whose numbers are in order, or lets one pass that came before. */
  pass(seq: number): { readonly mark: string };
}

/** What a life before this one had taken. */
interface Former {
  readonly newest: number;
  /** So many events from this time on. */
  readonly from: number;
  readonly count: number;
  /** Whether it took one of these, as far as it said. */
  readonly had: (timeUs: number) => boolean | undefined;
}

export function createTaken(): Taken {
  let seq = 0;
  let newest = 0;
  /** At or below it nothing is new. */
  let floor = 0;
  /** From here on all that was taken is remembered. */
  let since = Number.POSITIVE_INFINITY;
  let recent = createMemory();
  let former: Former | undefined;
  let told = false;
  let fromLive = false;

  const startAt = (start: StreamPosition, resumed?: Former): void => {
    fromLive = start === 'live';
    seq = typeof start === 'number' ? start : 0;
    newest = resumed?.newest ?? seq;
    floor = newest;
    since = resumed?.from ?? Number.POSITIVE_INFINITY;
    recent = createMemory();
    former = resumed;
    told = false;
  };

  return {
    begin(position, mark) {
      if (typeof position !== 'number') startAt(position);
      else if (position !== seq) startAt(position, readMark(mark, position));
      return Number.isFinite(since) ? newest : undefined;
    },
    judge(timeUs) {
      if (timeUs > newest) return 'next';
      return timeUs <= Math.max(floor, recent.forgotten()) || recent.has(timeUs) ? 'again' : 'late';
    },
    isOurs(timeUs) {
      if (recent.has(timeUs)) return true;
      if (former !== undefined && timeUs >= former.from && timeUs <= former.newest) return former.had(timeUs);
      return timeUs <= Math.max(floor, recent.forgotten());
    },
    take(timeUs) {
      // What is from before the first event of the live end was never asked for, and comes all the same at a reconnect.
      if (fromLive && seq === 0) floor = timeUs;
      seq = Math.max(timeUs, seq + 1);
      newest = Math.max(newest, timeUs);
      since = Math.min(since, timeUs);
      recent.add(timeUs);
      return { seq, mark: recent.mark(seq, newest, since) };
    },
    again(timeUs) {
      if (former === undefined || timeUs < former.from || timeUs > former.newest) return undefined;
      recent.see(timeUs);
      if (told || recent.countBetween(former) <= former.count) return undefined;
      told = true;
      return untaken(former);
    },
    forget() {
      floor = newest;
    },
    pass(number) {
      seq = Math.max(seq, number);
      newest = seq;
      since = Math.min(since, number);
      return { mark: `${seq} ${seq} ${seq} 1` };
    },
  };
}

/** The times that were taken, and a mark of them. */
function createMemory() {
  const recent = createRecent();
  const sample = createSample();
  return {
    ...recent,
    /** It came again: it counts, but is no sign of what was taken. */
    see: recent.add,
    add(timeUs: number): void {
      recent.add(timeUs);
      sample.add(timeUs);
    },
    countBetween: ({ from, newest }: Former): number => recent.countFrom(from) - recent.countFrom(newest + 1),
    mark(seq: number, newest: number, since: number): string {
      const from = Math.max(since, recent.forgotten() + 1, seq - REWIND_US);
      sample.dropBefore(from);
      return `${seq} ${newest} ${from} ${recent.countFrom(from)} ${sample.text()}`;
    },
  };
}

function untaken({ from, newest, count }: Former): SourceMessage {
  return {
    kind: 'gap',
    reason: 'jump',
    detail: `the server has more than the ${count} events that were taken between ${microsText(from)} and ${microsText(newest)}`,
    since: Math.floor(from / 1000),
    until: Math.ceil(newest / 1000),
  };
}

/** A mark: the number that it goes with, the highest time, from which time on how many events were taken, and some of their times. */
function readMark(mark: string | undefined, position: number): Former | undefined {
  const parts = (mark ?? '').split(' ');
  const [seq, newest, from, count] = parts.map(Number);
  if (seq !== position || newest === undefined || from === undefined || count === undefined) return undefined;
  const had = readSample(parts[4] ?? '') ?? (() => undefined);
  return [newest, from, count].every(Number.isSafeInteger) ? { newest, from, count, had } : undefined;
}
