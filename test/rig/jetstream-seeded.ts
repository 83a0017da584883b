import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { parseFault } from '../../src/simulate/jetstream/fault-forms.ts';
import { createJetstreamSimulator } from '../../src/simulate/jetstream/server.ts';
import { splitFrames } from '../../src/wire/atproto/frames-file.ts';
import { dictionaryIdOf } from '../../src/wire/jetstream/dictionary.ts';
import { microsText } from '../../src/wire/jetstream/lines.ts';
import { testDictionary, testDraft } from './jetstream.ts';
import type { Pick, Seen } from './seeded.ts';
import { startRelay } from './relay.ts';

/** An event that the server has had. */
export interface JetstreamEvent {
  readonly key: string;
  readonly timeUs: number;
  /** The number that it gets where it comes in order. */
  readonly seq: number;
  /** Its time, and on servers of version 2 its number: what stands at the beginning of its message. */
  readonly place: string;
  /** How often another server had taken over before it. */
  readonly era: number;
  /** Whether it is of the collection that filtered readers want. */
  readonly wanted: boolean;
}

/** A simulated Jetstream whose clock stands still, but for a step before each batch. */
export interface JetstreamServer {
  readonly url: string;
  /** So many events come live, at once, a moment after those before. */
  emit(count: number): void;
  /** Connected readers. */
  readers(): number;
  count(): number;
  /** The newest event's number. */
  newest(): number;
  /** All that it ever had, in order. */
  events(): readonly JetstreamEvent[];
  /** The last era. */
  eras(): number;
  /** A life begins: what went out to those before it, and was not committed, must go out again. */
  newLife(): void;
  /** Whether it went out in this life, in whatever form. */
  wasSent(event: JetstreamEvent): boolean;
  /** What a collected line is. Throws where it is not the whole of an event. */
  seen(text: string): Omit<Seen, 'part'>;
}

export interface SeededJetstream {
  readonly faults: readonly string[];
  readonly seed: number;
  readonly version: 1 | 2;
  readonly pick: Pick;
}

const START_US = Date.UTC(2026, 6, 4, 14, 57, 30) * 1000;
/** Beyond all that is emitted: none of it leaves the window by itself. */
const WINDOW_MS = 10 * 365 * 86_400_000;

export async function startSeededJetstream(
  t: TestContext,
  { faults, seed, version, pick }: SeededJetstream,
): Promise<JetstreamServer> {
  let nowUs = START_US;
  const clock: Clock = { ...systemClock, now: () => Math.floor(nowUs / 1000), micros: () => nowUs };
  const events: JetstreamEvent[] = [];
  const sent = new Set<string>();
  const simulator = createJetstreamSimulator({
    host: '127.0.0.1',
    port: 0,
    rate: 0,
    version,
    seed,
    lookbackMs: WINDOW_MS,
    dictionary: testDictionary(),
    faults: faults.map(readFault),
    onSent: ({ json }) => sent.add(placeOf(json) ?? ''),
  });
  await startRelay(t, simulator, clock);
  let era = 0;
  let inEra = 0;
  const remember = (timeUs: number, wanted: boolean): void => {
    if (timeUs < (events.at(-1)?.timeUs ?? 0)) {
      era += 1;
      inEra = 0;
    }
    inEra += 1;
    const place = version === 1 ? `${timeUs}` : `${timeUs} ${inEra}`;
    const before = inEra === 1 ? 0 : (events.at(-1)?.seq ?? 0);
    const seq = Math.max(timeUs, before + 1);
    events.push({ key: String(events.length), timeUs, seq, place, era, wanted });
  };
  return {
    url: `ws://${simulator.address()}/subscribe`,
    emit(count) {
      // Bursts and pauses: what is asked for again after a break is many events here and few there.
      nowUs += pick(3) === 0 ? 3_000_000 + pick(12_000_000) : 1 + pick(900_000);
      const drafts = Array.from({ length: count }, (_, i) => draft(events.length + i));
      simulator.emit(drafts);
      for (const timeUs of count === 0 ? [] : simulator.times().slice(-count))
        remember(timeUs, isWanted(events.length));
    },
    readers: () => simulator.subscribers(),
    count: () => events.length,
    newest: () => events.at(-1)?.seq ?? 0,
    events: () => events,
    eras: () => era,
    newLife: () => sent.clear(),
    wasSent: ({ place }) => sent.has(place),
    seen: (text) => seenIn(text, events),
  };
}

function readFault(text: string) {
  const fault = parseFault(text);
  if (!fault.ok) throw new Error(fault.error);
  return fault.value;
}

function isWanted(n: number): boolean {
  return n % 3 !== 1;
}

function draft(n: number) {
  return testDraft(n, isWanted(n) ? 'com.example.wanted' : 'com.example.other', `did:plc:d${n % 7}`);
}

interface CollectedLine {
  readonly seq: number;
  readonly time: string;
  readonly did: string;
  readonly commit?: Commit;
  readonly extra?: { readonly simulated: Commit };
}

interface Commit {
  readonly record: { readonly n: number };
}

function seenIn(text: string, events: readonly JetstreamEvent[]): Omit<Seen, 'part'> {
  const line = JSON.parse(text) as CollectedLine;
  const commit = line.commit ?? line.extra?.simulated;
  const n = commit?.record.n ?? -1;
  const event = events[n];
  if (event === undefined) return { seq: line.seq, key: text };
  const { did, detail } = draft(n);
  assert.deepEqual([line.did, commit], [did, JSON.parse(detail)], `event ${n} is not as it was sent`);
  assert.equal(line.time, microsText(event.timeUs), `event ${n} has another time`);
  return { seq: line.seq, key: event.key };
}

/** Where the beginning of a message says that it belongs. */
function placeOf(message: Uint8Array): string | undefined {
  const head = Buffer.from(message.buffer, message.byteOffset, Math.min(message.length, 200)).toString(
    'latin1',
  );
  const [, time, number] = /"time_us":(\d+)(?:,"cursor":(\d+))?/.exec(head) ?? [];
  return number === undefined ? time : `${time} ${number}`;
}

/** The places of the messages that lie in the quarantine. */
export async function quarantinedIn(path: string, length: number): Promise<ReadonlySet<string>> {
  if (length === 0) return new Set();
  const frames = splitFrames(readFileSync(path).subarray(0, length), path);
  if (!frames.ok) throw new Error(frames.error);
  const places = frames.value.map((frame) => {
    const isPacked = dictionaryIdOf(frame) === testDictionary().id;
    return placeOf(isPacked ? zstdDecompressSync(frame, { dictionary: testDictionary().bytes }) : frame);
  });
  return new Set(places.filter((place) => place !== undefined));
}
