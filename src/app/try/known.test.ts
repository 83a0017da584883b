import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draft, using } from '../../../test/rig/store.ts';
import type { RecordDraft } from '../../core/record.ts';
import { readKnown } from './known.ts';
import { allRecords, pastLives } from './past-lives.ts';

const T0 = Date.parse('2026-11-22T00:00:00Z');
const at = (second: number): number => (T0 + second * 1000) * 1000;
const seconds = (ms: number): number => (ms - T0) / 1000;

function record(second: number, part: Partial<RecordDraft>): RecordDraft {
  return draft({ service: 'web', time: at(second), sender: 'daemon', ...part });
}

function flip(second: number, watch: string, to: string): RecordDraft {
  return record(second, {
    kind: 'flip',
    message: `${watch} is ${to}`,
    fields: { subject: 'watch', watch, to },
  });
}

test('signs are of others: crashes, people, gaps, other watches; what was asked for is none', () => {
  using({}, (store) => {
    store.append([
      record(-5, { kind: 'exit', level: 17, message: 'before the range', fields: { asked: false } }),
      record(1, { kind: 'exit', level: 17, message: 'crashed', fields: { asked: false } }),
      record(2, { kind: 'exit', level: 13, message: 'killed at its deadline', fields: { asked: true } }),
      record(3, { kind: 'exit', level: 9, message: 'as asked', fields: { asked: true } }),
      record(4, {
        kind: 'action',
        message: 'restart by a person',
        fields: { action: 'restart', by: 'person' },
      }),
      record(5, { kind: 'action', message: 'start by a person', fields: { action: 'start', by: 'person' } }),
      record(6, { kind: 'gap', message: 'a gap' }),
      flip(7, 'other', 'late'),
      flip(8, 'other', 'ok'),
      flip(9, 'mine', 'bad'),
      record(10, { kind: 'flip', level: 17, message: 'slow lane', fields: { subject: 'lane', to: 'slow' } }),
      record(11, { kind: 'flip', level: 9, message: 'ready', fields: { subject: 'ready', to: 'ready' } }),
      record(12, { kind: 'log', level: 17, sender: 'stderr', message: 'ERROR: no disk' }),
      { ...record(13, { kind: 'exit', level: 17, message: 'of another', fields: {} }), service: 'db' },
    ]);
    const known = readKnown(store, 'web', 'mine', { since: T0, until: T0 + 60_000 });
    assert.deepEqual(
      known.signs.map(({ text }) => text),
      ['crashed', 'restart by a person', 'a gap', 'other is late', 'slow lane'],
    );
    assert.deepEqual(known.printed(T0, T0 + 20_000), { at: T0 + 12_000, text: 'it said: ERROR: no disk' });
    assert.equal(known.printed(T0, T0 + 5000), undefined);
  });
});

test('live alarms of the watch itself, and what the others did', () => {
  using({}, (store) => {
    const acted = (second: number, watch: string, action: string, more: object = {}): RecordDraft =>
      record(second, { kind: 'action', message: action, fields: { watch, action, ...more } });
    store.append([
      flip(-90, 'mine', 'late'),
      flip(-80, 'mine', 'ok'),
      flip(-20, 'mine', 'late'),
      flip(-10, 'mine', 'bad'),
      flip(10, 'mine', 'ok'),
      flip(50, 'mine', 'flapping'),
      acted(1, 'other', 'restart'),
      acted(2, 'other', 'run', { argv: ['x'] }),
      acted(3, 'other', 'run', { outcome: 'exited with code 0' }),
      acted(4, 'mine', 'restart'),
      acted(5, 'other', 'note'),
    ]);
    const known = readKnown(store, 'web', 'mine', { since: T0, until: T0 + 60_000 });
    assert.deepEqual(
      known.alarms.map(({ from, to, worst }) => [seconds(from), to === null ? null : seconds(to), worst]),
      [
        [-20, 10, 'bad'],
        [50, null, 'flapping'],
      ],
    );
    assert.deepEqual(
      known.others.map((other) => [seconds(other.at), other.costs]),
      [
        [1, true],
        [2, false],
      ],
    );
    assert.deepEqual(known.ownRestarts.map(seconds), [4]);
    assert.deepEqual(readKnown(store, 'web', '', { since: T0, until: T0 + 60_000 }).alarms, []);
  });
});

test('lives are read from starts and exits; a daemon that begins ends what there was', () => {
  using({}, (store) => {
    const start = (second: number, life: string): RecordDraft =>
      record(second, { kind: 'start', life, message: 'started' });
    const began = { ...record(40, { kind: 'note', message: 'vahti 1.0 began (pid 5) on x' }), service: '' };
    store.append([
      start(0, 'a'),
      record(3, { kind: 'flip', life: 'a', fields: { subject: 'ready', to: 'ready' }, message: 'ready' }),
      record(10, { kind: 'exit', life: 'a', message: 'exited' }),
      start(11, 'b'),
      start(20, 'c'),
      began,
      start(41, 'd'),
      start(99, 'e'),
    ]);
    const lives = (saysReady: boolean) =>
      pastLives(store, 'web', saysReady, T0 + 60_000).map(({ id, startedAt, readyAt, endedAt }) => [
        id,
        ...[startedAt, readyAt, endedAt].map((ms) => (ms === null ? null : seconds(ms))),
      ]);
    assert.deepEqual(lives(false), [
      ['a', 0, 3, 10],
      ['b', 11, 11, 20],
      ['c', 20, 20, 40],
      ['d', 41, 41, null],
    ]);
    assert.deepEqual(lives(true)[0], ['a', 0, 3, 10]);
    assert.deepEqual(lives(true)[1], ['b', 11, null, 20]);
  });
});

test('records are read page by page, all of them', () => {
  using({}, (store) => {
    for (let page = 0; page < 3; page++)
      store.append(Array.from({ length: 4000 }, (_, index) => record(index, { kind: 'note', message: 'x' })));
    assert.equal([...allRecords(store, { services: ['web'], kinds: ['note'] })].length, 12_000);
  });
});
