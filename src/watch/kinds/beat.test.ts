import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { complaints } from '../../../test/rig/watching.ts';
import { StoreFullError } from '../../core/sqlite.ts';
import type { Signal } from '../beats/beat.ts';
import { createInbox } from '../beats/inbox.ts';
import { type BeatState, promised } from '../beats/promise.ts';
import type { WatchContext } from '../kind.ts';
import type { Judgement, WatchedLife } from '../judgement.ts';
import { beat, beatRules } from './beat.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const NOON = Date.parse('2026-11-22T12:00:00Z');
const GRACE = 10 * SECOND;

function signal(word: Signal['word'], more: Partial<Signal> = {}): Signal {
  return { word, code: null, message: '', rid: '', ...more };
}

function life(id: string, startedAt: number, from = startedAt): WatchedLife {
  return { id, pid: 42, startedAt, from };
}

/** An inbox whose state is kept beside it, and whose disk can be full. */
function openInbox(options: object, kept: { state?: BeatState; full?: boolean } = {}) {
  const rules = beatRules(v.parse(beat.options, options));
  const inbox = createInbox(rules, {
    load: () => kept.state,
    save(state) {
      if (kept.full === true) throw new StoreFullError('cannot use the state: no space left');
      kept.state = JSON.parse(JSON.stringify(state)) as BeatState;
    },
  });
  return { inbox, kept };
}

/** A watch of beats that come by hand. */
function openBeats(options: object, kept?: { state?: BeatState; full?: boolean }) {
  const opened = openInbox(options, kept);
  const context = { beats: opened.inbox, graceMs: GRACE } as unknown as WatchContext;
  const watcher = beat.open(v.parse(beat.options, options), context);
  const look = (now: number, of: WatchedLife): Promise<Judgement> =>
    watcher.look({ now, life: of, signal: new AbortController().signal });
  return { ...opened, watcher, look };
}

test('what another life said is no evidence; what it promised is', async () => {
  const { inbox, look } = openBeats({ within: '2m' });
  inbox.take(signal('fail', { message: 'of a' }), { at: NOON, life: 'a' });
  const b = life('b', NOON + MINUTE);
  assert.deepEqual(await look(NOON + MINUTE, b), {
    verdict: 'unknown',
    value: null,
    reason: 'no beat of this life yet; the next is due by 2026-11-22T12:02:00Z',
    due: { at: NOON + 2 * MINUTE, badAt: NOON + 2 * MINUTE + GRACE },
    undecided: true,
  });
  assert.equal((await look(NOON + 2 * MINUTE, b)).verdict, 'late');
  assert.equal((await look(NOON + 2 * MINUTE + GRACE, b)).verdict, 'bad');
  const c = life('c', NOON + 3 * MINUTE);
  assert.equal((await look(NOON + 3 * MINUTE, c)).due?.at, NOON + 5 * MINUTE, 'broken before its life');
  const ready = life('c', NOON + 3 * MINUTE, NOON + 6 * MINUTE);
  assert.equal((await look(NOON + 6 * MINUTE, ready)).due?.at, NOON + 8 * MINUTE, 'ready only then');
});

test('it asks for a look at once where there is news, and when a deadline comes', async () => {
  const { inbox, watcher, look } = openBeats({ within: '2m' });
  const a = life('a', NOON);
  assert.equal(watcher.dueAt?.(a), 0, 'never looked');
  await look(NOON, a);
  assert.equal(watcher.dueAt?.(a), NOON + 2 * MINUTE);
  let told = 0;
  watcher.onNews?.(() => {
    told += 1;
    assert.equal(watcher.dueAt?.(a), 0, 'a beat');
  });
  inbox.take(signal('success'), { at: NOON + MINUTE, life: 'a' });
  assert.equal(told, 1);
  await look(NOON + MINUTE, a);
  assert.equal(watcher.dueAt?.(a), NOON + 3 * MINUTE);
  await look(NOON + 3 * MINUTE - 1, a);
  assert.equal(watcher.dueAt?.(a), NOON + 3 * MINUTE, 'a timer that is early');
  await look(NOON + 3 * MINUTE, a);
  assert.equal(watcher.dueAt?.(a), NOON + 3 * MINUTE + GRACE);
  await look(NOON + 3 * MINUTE + GRACE, a);
  assert.equal(watcher.dueAt?.(a), undefined, 'nothing comes any more');
  assert.equal(watcher.dueAt?.(life('b', NOON + 4 * MINUTE)), 0, 'another life');
  assert.equal(watcher.dueAt?.(life('a', NOON, NOON + MINUTE)), 0, 'it began anew');
  await watcher.close?.();
  inbox.take(signal('success'), { at: NOON + 4 * MINUTE, life: 'a' });
  assert.equal(told, 1);
});

test('a success that follows at once does not hide failures: each has its look', async () => {
  const { inbox, watcher, look } = openBeats({ within: '2m' });
  const a = life('a', NOON);
  inbox.take(signal('fail', { message: 'of nobody' }), { at: NOON, life: null });
  inbox.take(signal('fail', { message: 'first' }), { at: NOON, life: 'a' });
  inbox.take(signal('fail', { message: 'second' }), { at: NOON, life: 'a' });
  inbox.take(signal('success', { message: 'third' }), { at: NOON, life: 'a' });
  const seen: (string | null)[] = [];
  while (watcher.dueAt?.(a) === 0) seen.push((await look(NOON, a)).value);
  assert.deepEqual(seen, ['first', 'second', 'third']);
  assert.equal((await look(NOON, a)).verdict, 'ok');
});

test('the deadline is stored: a daemon that dies, and a disk that is full', async () => {
  const first = openBeats({ within: '2m' });
  await first.look(NOON, life('a', NOON));
  assert.equal(first.kept.state?.dueAt, NOON + 2 * MINUTE, 'as soon as a life is seen');
  first.inbox.take(signal('success'), { at: NOON + MINUTE, life: 'a' });
  const second = openBeats({ within: '2m' }, first.kept);
  const b = life('b', NOON + 2 * MINUTE);
  assert.equal((await second.look(NOON + 2 * MINUTE, b)).due?.at, NOON + 3 * MINUTE);
  second.kept.full = true;
  const taken = second.inbox.take(signal('success'), { at: NOON + 2 * MINUTE, life: 'b' });
  assert.deepEqual(taken, { ok: false, error: 'cannot store the beat: cannot use the state: no space left' });
  assert.equal((await second.look(NOON + 2 * MINUTE, b)).due?.at, NOON + 3 * MINUTE, 'it was not taken');
  const c = life('c', NOON + 9 * MINUTE);
  assert.equal((await second.look(NOON + 9 * MINUTE, c)).due?.at, NOON + 11 * MINUTE, 'it goes on without');
  second.kept.full = false;
  const later = await second.look(NOON + 9 * MINUTE, c);
  assert.equal(later.due?.at, NOON + 11 * MINUTE);
});

test('options: one way to say when, with defaults that fit it', () => {
  const problems = (options: object) =>
    beat.problems?.(v.parse(beat.options, options), { folder: '/', figures: [] });
  assert.deepEqual(problems({ within: '2m' }), []);
  assert.deepEqual(problems({ at: '0 3 * * *' }), []);
  assert.match(problems({})?.[0] ?? '', /^cannot tell when a beat is due: write a duration/);
  assert.match(problems({ within: '2m', at: '0 3 * * *' })?.[0] ?? '', /not both$/);
  assert.match(problems({ within: '0s' })?.[0] ?? '', /^cannot wait for beats with no time between/);
  assert.match(complaints(beat, { at: '0 3 * *' })[0] ?? '', /^cannot read "0 3 \* \*" as a schedule/);
  const graceOf = (options: object) => beat.defaults?.(v.parse(beat.options, options)).graceMs;
  assert.equal(graceOf({ within: '2m' }), undefined);
  assert.equal(graceOf({ at: '0 3 * * *', 'max-run': '30m' }), undefined);
  assert.equal(graceOf({ at: '0 3 * * *' }), 60 * MINUTE);
  assert.deepEqual(beat.completed?.({ at: '0 3 * * *', x: 1 }, 'Asia/Tokyo'), {
    at: '0 3 * * * Asia/Tokyo',
    x: 1,
  });
  assert.deepEqual(beat.completed?.({ at: '0 3 * * * UTC' }, 'Asia/Tokyo'), { at: '0 3 * * * UTC' });
  assert.deepEqual(beat.completed?.({ within: '2m' }, 'Asia/Tokyo'), { within: '2m' });
});

test('a life that is looked at twice stores once', () => {
  const { inbox, kept } = openInbox({ within: '2m' });
  const moment = { now: NOON, life: life('a', NOON) };
  const state = inbox.look(moment, GRACE);
  kept.full = true;
  assert.equal(inbox.look({ ...moment, now: NOON + SECOND }, GRACE), state);
  assert.equal(promised(state, moment, GRACE, inbox.rules()), state);
});
