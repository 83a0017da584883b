import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draft, drafts, NOW, open, seqs } from '../../../test/rig/store.ts';
import { systemClock } from '../../core/clock.ts';
import type { StoredRecord } from '../../core/record.ts';
import { SPAN } from './sqlite-query.ts';

/** Collects what a reader gets until it has `count`, then lets it go. */
async function collect(reading: AsyncIterable<StoredRecord>, count: number): Promise<StoredRecord[]> {
  const got: StoredRecord[] = [];
  for await (const record of reading) {
    got.push(record);
    if (got.length === count) break;
  }
  return got;
}

test('a reader gets what is appended after it came, even before its first step, and ends on abort', async () => {
  const store = open();
  store.append(drafts(3));
  const control = new AbortController();
  const reading = store.follow({ services: ['clock'] }, control.signal);
  store.append([draft(), draft({ service: 'other' }), draft()]);
  const iterator = reading[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value.seq, 4);
  assert.equal((await iterator.next()).value.seq, 6);
  const pending = iterator.next();
  store.append([draft({ service: 'other' })]);
  store.append([draft()]);
  assert.equal((await pending).value.seq, 8);
  const last = iterator.next();
  control.abort();
  assert.equal((await last).done, true);
  const closing = store.follow({}, new AbortController().signal)[Symbol.asyncIterator]().next();
  store.close();
  assert.equal((await closing).done, true);
});

test('readers that come at any moment, fast or slow, get every record once and in order', async () => {
  const store = open();
  const total = 6_000;
  const slow = async (from: number): Promise<number[]> => {
    const got: number[] = [];
    for await (const record of store.follow({ after: from }, new AbortController().signal)) {
      got.push(record.seq);
      if (record.seq % 100 === 0) await systemClock.sleep(1);
      if (record.seq === total) break;
    }
    return got;
  };
  const readers: { from: number; got: Promise<number[]> }[] = [];
  for (let seq = 0; seq < total; seq += 50) {
    store.append(drafts(50));
    if (seq % 1000 === 0) {
      readers.push({ from: seq, got: slow(seq) });
      readers.push({
        from: 0,
        got: collect(store.follow({ after: 0 }, new AbortController().signal), total).then(seqs),
      });
    }
    await systemClock.sleep(0);
  }
  for (const { from, got } of readers)
    assert.deepEqual(
      await got,
      Array.from({ length: total - from }, (_, i) => from + i + 1),
    );
  store.close();
});

test('a reader behind a pruned stretch goes on with the oldest that is left', async () => {
  const store = open({ keep: { ageMs: { logs: 1, other: 1 }, bytes: 1e12 } });
  store.append(drafts(3 * SPAN, () => ({ time: NOW - 2000 })));
  const reading = store.follow({ after: 5 }, new AbortController().signal);
  while (store.prune() > 0);
  store.append([draft()]);
  assert.deepEqual(seqs(await collect(reading, 1)), [3 * SPAN + 1]);
  store.close();
});
