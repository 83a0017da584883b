import assert from 'node:assert/strict';
import type { RecordDraft } from '../../src/core/record.ts';
import type { Lane, PersistedService, ServiceSnapshot } from '../../src/core/runner.ts';
import type { FakeClock } from './fake-clock.ts';

/**
 * Watches every start, end and message of simulated services, and keeps its own books by what persons did: promises 4, 5, 6, 10
 * and 13 of the design. It knows nothing of lanes but the promise.
 */

const WINDOW_MS = 600_000;
const MOST_STARTS = 12;
/** Wall times are whole milliseconds. */
const ROUNDING_MS = 2;
/** A life that makes everything forgotten. */
const LONG_MS = WINDOW_MS - ROUNDING_MS;

interface Book {
  wanted: boolean;
  done: boolean;
  /** A person asked for a start that has not come yet. */
  granted: boolean;
  /** When the counted starts since the last one of a person were, monotonic. */
  starts: number[];
  lane: Lane;
  startedAt: number;
  /** The present life was started by a person. */
  byPerson: boolean;
  /** How long the life before it was. */
  lastLivedMs: number;
  goneAt: number;
  /** The first start under this daemon is the daemon's own. */
  first: boolean;
  /** Not before this, monotonic: a deadline that a daemon left to the next one. */
  dueAt: number | undefined;
  stuckTold: boolean;
  /** The wall clock stepped, and nothing was written down of it since. */
  stepped: boolean;
  /** What may have been told: bounds the records. */
  causes: number;
  told: number;
  logged: number;
}

export interface Oracle {
  readonly totals: { starts: number; flips: number; waits: number };
  started(name: string, living: readonly string[]): void;
  gone(name: string): void;
  records(drafts: readonly RecordDraft[]): void;
  saved(name: string): void;
  person(name: string, act: 'start' | 'stop' | 'restart', state: ServiceSnapshot['state']): void;
  clockStepped(): void;
  /** @param midWay killed right behind a save, so that what is said of it never was. */
  daemonDied(midWay: boolean, saved: (name: string) => PersistedService | undefined): void;
  booted(): void;
  /** What holds at any moment between two events. */
  check(snapshot: ServiceSnapshot): void;
  /** An hour is over: how much was said. */
  hour(): void;
}

export interface OracleOptions {
  /** Every service, and whether it has no needs: one that has them also gets a new life when what it needs has one. */
  readonly services: ReadonlyMap<string, { readonly alone: boolean }>;
  readonly clock: FakeClock;
  readonly slowMs: number;
}

export function createOracle({ services, clock, slowMs }: OracleOptions): Oracle {
  const names = [...services.keys()];
  const books = new Map(names.map((name) => [name, freshBook()]));
  const book = (name: string): Book => books.get(name) as Book;
  const totals = { starts: 0, flips: 0, waits: 0 };
  const flip = (entry: Book, { service, fields }: RecordDraft): void => {
    if (fields?.['subject'] === 'lane') return changeLane(entry, service, fields['from'], fields['to']);
    if (fields?.['subject'] !== 'state') return;
    if (fields['to'] === 'stuck') {
      assert.equal(entry.stuckTold, false, `${service}: stuck is told twice`);
      entry.stuckTold = true;
    }
    if (fields['from'] === 'stuck') entry.stuckTold = false;
    if (fields['to'] === 'done') entry.done = true;
  };
  const changeLane = (entry: Book, name: string, from: unknown, to: unknown): void => {
    totals.flips += 1;
    assert.equal(from, entry.lane, `${name}: the last lane that was told is another one`);
    assert.notEqual(from, to, `${name}: a change of lane that is none`);
    if (from === 'slow') {
      // It is told behind the start that comes with it.
      const now = clock.monotonic();
      const fresh = entry.startedAt === now && (entry.byPerson || entry.lastLivedMs >= LONG_MS);
      assert.ok(
        entry.granted || fresh || now - entry.startedAt >= LONG_MS,
        `${name}: left the slow lane without a person or a long life`,
      );
    }
    entry.lane = to as Lane;
  };
  const counted = (entry: Book, name: string, now: number): void => {
    assert.ok(entry.wanted, `${name}: revived after a stop on purpose`);
    assert.ok(!entry.done, `${name}: started again after it said that it is done`);
    entry.starts = [...entry.starts, now].filter((at) => now - at <= LONG_MS);
    assert.ok(
      entry.starts.length <= MOST_STARTS,
      `${name}: ${entry.starts.length} starts in 10 minutes, ${entry.starts.map((at) => now - at).join(', ')} ms ago`,
    );
    const paced = entry.lane === 'slow' && !entry.first && entry.goneAt - entry.startedAt < LONG_MS;
    if (paced && services.get(name)?.alone === true) {
      const waited = now - entry.goneAt;
      assert.ok(waited >= slowMs - ROUNDING_MS, `${name}: waited ${waited} ms in the slow lane`);
    }
    if (entry.dueAt === undefined) return;
    totals.waits += 1;
    assert.ok(now >= entry.dueAt - ROUNDING_MS, `${name}: started ${entry.dueAt - now} ms too early`);
  };
  return {
    totals,
    started(name, living) {
      const entry = book(name);
      assert.deepEqual(living, [], `${name}: two live instances`);
      const now = clock.monotonic();
      totals.starts += 1;
      entry.causes += 1;
      if (entry.granted) entry.starts = [];
      else counted(entry, name, now);
      entry.byPerson = entry.granted;
      entry.lastLivedMs = entry.goneAt - entry.startedAt;
      Object.assign(entry, { granted: false, first: false, dueAt: undefined, startedAt: now });
    },
    gone(name) {
      book(name).goneAt = clock.monotonic();
    },
    records(drafts) {
      for (const draft of drafts) {
        const entry = books.get(draft.service);
        if (entry === undefined) continue;
        if (draft.kind === 'log') entry.logged += 1;
        else entry.told += 1;
        if (draft.kind === 'flip') flip(entry, draft);
      }
    },
    saved(name) {
      book(name).stepped = false;
    },
    person(name, act, state) {
      const entry = book(name);
      entry.causes += 1;
      entry.wanted = act !== 'stop';
      if (act === 'stop') Object.assign(entry, { granted: false, dueAt: undefined });
      else if (act === 'restart' || state !== 'running') Object.assign(entry, { granted: true, done: false });
    },
    clockStepped() {
      for (const entry of books.values()) entry.stepped = true;
    },
    daemonDied(midWay, saved) {
      for (const [name, entry] of books) {
        const state = saved(name);
        const lane = state?.lane.lane ?? 'fast';
        if (!midWay) assert.equal(lane, entry.lane, `${name}: the lane that is kept was never told`);
        // Killed while the last of its tree was ended, it never said so.
        entry.done ||= state?.done === true;
        const due = state?.wanted === true && !state.done ? state.dueAt : null;
        const offset = clock.monotonic() - clock.now();
        entry.dueAt = due === null || entry.stepped ? undefined : due + offset;
        // A person has cleared the tally, though the start never came; and what was written down by a clock that has been
        // set since may be taken for older than it is.
        if (entry.granted || entry.stepped) entry.starts = [];
        entry.causes += 1;
        Object.assign(entry, { granted: false, first: true, lane, stuckTold: false });
      }
    },
    booted() {
      for (const entry of books.values())
        Object.assign(entry, { wanted: true, done: false, dueAt: undefined });
    },
    check({ name, state, wanted, lane, nextStartAt, waitsFor }) {
      const entry = book(name);
      assert.equal(wanted, entry.wanted, `${name}: whether it is wanted is forgotten`);
      assert.equal(lane, entry.lane, `${name}: in a lane that was not told`);
      if (state === 'stopped') assert.ok(!wanted, `${name}: wanted, and nobody will start it`);
      if (state === 'done') assert.ok(entry.done, `${name}: done without a word`);
      if (state === 'blocked') assert.ok(waitsFor.length > 0, `${name}: blocked by nothing`);
      if (state !== 'waiting') return;
      const waitMs = (nextStartAt ?? Number.NaN) - clock.now();
      const most = Math.max(slowMs, WINDOW_MS) + ROUNDING_MS;
      assert.ok(waitMs >= -ROUNDING_MS && waitMs <= most, `${name}: waits for ${waitMs} ms`);
    },
    hour() {
      for (const [name, entry] of books) {
        // A start, its exit, two changes of lane, stuck and no longer, done; what a flood says of itself comes on top.
        const most = 8 * (entry.causes + 2);
        assert.ok(entry.told <= most, `${name}: ${entry.told} records in an hour, of ${entry.causes} causes`);
        assert.ok(entry.logged <= 5_000 * (entry.causes + 1), `${name}: ${entry.logged} lines in an hour`);
        Object.assign(entry, { told: 0, logged: 0, causes: 0 });
      }
    },
  };
}

function freshBook(): Book {
  return {
    wanted: true,
    done: false,
    granted: false,
    starts: [],
    lane: 'fast',
    startedAt: 0,
    byPerson: false,
    lastLivedMs: 0,
    goneAt: 0,
    first: true,
    dueAt: undefined,
    stuckTold: false,
    stepped: false,
    causes: 0,
    told: 0,
    logged: 0,
  };
}
