import type { StreamSource } from '../../core/source.ts';
import { MOST_MESSAGE_BYTES, unpackMessage } from '../../wire/jetstream/dictionary.ts';
import { decodeEvent, type JetstreamEvent } from '../../wire/jetstream/event.ts';
import { createNumbering, toStreamEvent } from '../../wire/jetstream/lines.ts';
import { createOverlap, type Overlap } from './jetstream-overlap.ts';
import { addressOf, isFiltered, type JetstreamRequest, requestProblems } from './jetstream-request.ts';
import { createTaken, type Taken } from './jetstream-taken.ts';
import { createWebSocketSource, type Decoded, type Exchange, serverOf } from './websocket-connection.ts';

export interface JetstreamOptions extends JetstreamRequest {
  readonly random: () => number;
}

/** Messages over MOST_MESSAGE_BYTES go to the quarantine; over this the connection ends. */
const MOST_FRAME_BYTES = 67_108_864;

/** What of an overlap waits until it is clear which server answers. */
const MOST_HELD = 1_000;

/** How far the times of two servers are apart for one event: seconds (its README), and as much again. */
const APART_US = 10_000_000;

/** The name of the mark: the source has only one. */
const MARK = '';

/**
 * Jetstream, version 1 (`/subscribe`), received for ever: reconnects with back-off and jitter, asks again from ten seconds before
 * what was taken, pauses the socket while the sink is full. The position is the server's time in microseconds, so it
 * belongs to one server: others have other clocks.
 * @throws Error for a request that a server would refuse: see `requestProblems`.
 */
export function createJetstreamSource(options: JetstreamOptions): StreamSource {
  const problems = requestProblems(options);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const mayBeQuiet = isFiltered(options);
  const taken = createTaken();
  return createWebSocketSource({
    numbers: 'sparse',
    server: { name: serverOf(options.url), apart: APART_US },
    mostMessageBytes: MOST_FRAME_BYTES,
    random: options.random,
    ask: (position, marks) => {
      const address = addressOf(options, position);
      const expected = taken.begin(position, marks[MARK]);
      const overlap = createOverlap({ position, cursor: address.cursor, expected });
      return { ...address, mayBeQuiet, read: createReader(options, overlap, taken) };
    },
  });
}

type Give = (decoded: Decoded) => void;

/** Reads the messages of one connection. */
function createReader({ dictionary }: JetstreamOptions, overlap: Overlap, taken: Taken): Exchange['read'] {
  const pass = createPassage(overlap, taken);

  const readText = (bytes: Buffer, raw: Buffer, give: Give): void => {
    const event = decodeEvent(bytes);
    if (event.kind === 'bad') give({ kind: 'bad', raw, reason: event.reason });
    else pass(event, give);
  };

  return (data, binary, give) => {
    // Ending the connection would only bring the same message again, for ever.
    if (data.length > MOST_MESSAGE_BYTES) {
      const reason = `a message of ${data.length} bytes, ${MOST_MESSAGE_BYTES} are the most`;
      return give({ kind: 'bad', raw: data, reason });
    }
    if (!binary) return readText(data, data, give);
    if (dictionary === undefined) {
      return give({
        kind: 'bad',
        raw: data,
        reason: 'cannot read the message: it is packed, and nobody asked for that',
      });
    }
    const unpacked = unpackMessage(data, dictionary);
    if (unpacked.kind === 'unpacked') readText(unpacked.bytes, data, give);
    else if (unpacked.kind === 'bad') give({ kind: 'bad', raw: data, reason: unpacked.reason });
    else give({ kind: 'fatal', reason: unpacked.reason });
  };
}

/** Hands events over: each once, however often and in whatever order a server of version 1 sends them. */
function createPassage(overlap: Overlap, taken: Taken): (event: JetstreamEvent, give: Give) => void {
  const number = createNumbering();
  /** Late ones, as long as they may be another server's. */
  let held: JetstreamEvent[] = [];

  const say = (said: ReturnType<Overlap['see']>, give: Give): void => {
    if (said === undefined) return;
    give(said);
    // The sink decides where to go on: at the live end, or with the oldest.
    if (said.kind === 'reset') give({ kind: 'fatal', reason: said.detail });
    if (said.kind !== 'gap') return;
    taken.forget();
    held = [];
  };

  const take = (event: JetstreamEvent, give: Give): void => {
    const { seq, mark } = taken.take(event.timeUs);
    give({ kind: 'event', event: { ...toStreamEvent(event, seq), mark: [MARK, mark] } });
  };

  const passNumbered = (event: JetstreamEvent, cursor: number, give: Give): void => {
    const seq = number(event.timeUs, cursor);
    const said = overlap.see({ seq, timeUs: event.timeUs, numbered: true, known: false });
    say(said, give);
    const { mark } = taken.pass(seq);
    give({ kind: 'event', event: { ...toStreamEvent(event, seq), mark: [MARK, mark] } });
  };

  return (event, give) => {
    if (event.cursor !== undefined) return passNumbered(event, event.cursor, give);
    const { timeUs } = event;
    const known = taken.isOurs(timeUs);
    const said = overlap.see({ seq: timeUs, timeUs, numbered: false, known });
    say(said, give);
    if (said?.kind === 'reset') return;
    if (overlap.settled()) {
      for (const late of held.splice(0)) take(late, give);
    }
    const verdict = taken.judge(timeUs);
    if (verdict === 'again') {
      const told = taken.again(timeUs);
      if (told !== undefined) give(told);
      // The sink counts it, and drops it.
      give({ kind: 'event', event: toStreamEvent(event, timeUs) });
    } else if (verdict === 'next' || overlap.settled()) take(event, give);
    else if (held.length < MOST_HELD) held.push(event);
    else say(overlap.giveUp(), give);
  };
}
