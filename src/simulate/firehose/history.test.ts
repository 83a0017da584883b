import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { range } from '../../../test/rig/firehose.ts';
import { createHistory, type History } from './history.ts';

const BIG = { frames: 1e9, bytes: 1e9 };

function fill(history: History, seqs: Iterable<number>, bytes = 1): void {
  for (const seq of seqs) history.append(seq, new Uint8Array(bytes));
}

test('a cursor gives the frames after it, or from it on', () => {
  const history = createHistory(BIG, 9);
  fill(history, [10, 12, 12, 15]);
  const after = [9, 10, 11, 12, 14, 15, 99].map((seq) => history.positionOf(seq, false));
  assert.deepEqual(after, [0, 1, 1, 3, 3, 4, 4]);
  const from = [9, 10, 11, 12, 14, 15, 99].map((seq) => history.positionOf(seq, true));
  assert.deepEqual(from, [0, 0, 1, 1, 3, 3, 4]);
});

test('a cursor is outdated where frames after it were dropped, or where it is from before the first', () => {
  const history = createHistory({ frames: 3, bytes: 1e9 }, 9);
  assert.deepEqual(
    [8, 9].map((cursor) => history.isOutdated(cursor, false)),
    [true, false],
  );
  fill(history, [10, 11, 12, 13, 14]); // 10 and 11 are gone
  assert.deepEqual(
    [10, 11, 12].map((cursor) => history.isOutdated(cursor, false)),
    [true, false, false],
  );
  assert.deepEqual(
    [10, 11, 12].map((cursor) => history.isOutdated(cursor, true)),
    [true, true, false],
  );
});

test('whatever is appended, it keeps the newest within its limits, each at its position', () => {
  const limits = fc.record({
    frames: fc.integer({ min: 1, max: 50 }),
    bytes: fc.integer({ min: 1, max: 500 }),
  });
  fc.assert(
    fc.property(limits, fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 }), (limit, sizes) => {
      const history = createHistory(limit, 0);
      for (const [i, size] of sizes.entries()) {
        const frame = new Uint8Array(size);
        history.append(i + 1, frame);
        assert.equal(history.end, i + 1);
        assert.equal(history.frameAt(i), frame);
        const kept = sizes.slice(history.first, i + 1);
        const bytes = kept.reduce((sum, one) => sum + one, 0);
        assert.equal(history.bytes, bytes);
        assert.ok(kept.length === 1 || (kept.length <= limit.frames && bytes <= limit.bytes));
        const wider = bytes + (sizes[history.first - 1] ?? 0);
        assert.ok(
          history.first === 0 ||
            kept.length === limit.frames ||
            wider > limit.bytes ||
            sizes[history.first - 1] === 0,
        );
      }
    }),
  );
});

test('positions and cursors stay right over many times its size', () => {
  const history = createHistory({ frames: 1000, bytes: 1e9 }, 0);
  for (let seq = 1; seq <= 50_000; seq++) history.append(seq, Uint8Array.of(seq & 255));
  assert.deepEqual([history.first, history.end, history.tip, history.bytes], [49_000, 50_000, 50_000, 1000]);
  for (let seq = 49_000; seq < 50_000; seq++) {
    const position = history.positionOf(seq, false);
    assert.equal(position, seq);
    assert.equal(history.frameAt(position)[0], (seq + 1) & 255);
  }
  assert.throws(() => history.frameAt(48_999), /no frame at position 48999/);
});

test('what is before a position can be dropped: cursors there are outdated', () => {
  const history = createHistory(BIG, 9);
  fill(history, range(10, 19));
  history.dropBefore(history.positionOf(14, false));
  assert.deepEqual([history.first, history.end, history.bytes], [5, 10, 5]);
  assert.deepEqual(
    [13, 14].map((cursor) => history.isOutdated(cursor, false)),
    [true, false],
  );
  assert.deepEqual([history.seqAt(5), history.seqBefore(5), history.seqBefore(6)], [15, 14, 15]);
  history.dropBefore(99);
  assert.deepEqual([history.first, history.end, history.tip], [10, 10, 19]);
});

test('it goes back to a number within, before and above what it has, and on from there', () => {
  for (const [to, kept] of [
    [15, range(12, 15)],
    [3, []],
    [5_000, range(12, 19)],
  ] as const) {
    const history = createHistory({ frames: 8, bytes: 1e9 }, 9);
    fill(history, range(10, 19)); // 10 and 11 are gone
    const end = history.end;
    history.goBack(to);
    assert.deepEqual([history.first, history.end, history.tip], [end, end + kept.length, to]);
    assert.equal(history.bytes, kept.length);
    fill(history, [to + 1, to + 2]);
    const seqs = range(history.first, history.end - 1).map((position) => history.seqAt(position));
    assert.deepEqual(seqs, [...kept, to + 1, to + 2].slice(-8));
    assert.equal(history.positionOf(to, false), history.end - 2);
    assert.equal(history.isOutdated(to, false), false);
    assert.equal(history.isOutdated(2, false), true);
  }
});
