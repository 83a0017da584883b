import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ALL,
  still,
  drafts,
  fresh,
  model,
  NOW,
  open,
  seqs,
  someDraft,
  using,
} from '../../../test/rig/store.ts';
import { SPAN } from './sqlite-query.ts';

test('pruning by age takes log lines and other kinds at their own ages, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(someDraft, { maxLength: 60 }), fc.nat(60), fc.nat(60), (given, logs, other) => {
      const keep = { ageMs: { logs: logs / 1000, other: other / 1000 }, bytes: 1e12 };
      using({ keep }, (store) => {
        const stored = store.append(given);
        const kept = stored.filter((record) => record.time >= NOW - (record.kind === 'log' ? logs : other));
        let gone = 0;
        for (let went = store.prune(); went > 0; went = store.prune()) gone += went;
        assert.equal(gone, stored.length - kept.length);
        assert.deepEqual(store.query({}), kept);
        assert.deepEqual(store.query({ since: NOW - 30 }), model(kept, { since: NOW - 30 }));
      });
    }),
    { numRuns: 40 },
  );
});

test('pruning to a budget shrinks the file, the oldest log lines first, and keeps what is rarer', () => {
  const path = fresh();
  const bytes = 1_000_000;
  const store = open({ path, keep: { ...ALL, bytes } });
  for (let i = 0; i < 20; i += 1)
    store.append(drafts(500, (index) => ({ message: 'x'.repeat(300), kind: index === 0 ? 'flip' : 'log' })));
  assert.ok(statSync(path).size + statSync(`${path}-wal`).size > 3 * bytes);
  let gone = 0;
  for (let went = store.prune(); went > 0; went = store.prune()) gone += went;
  assert.ok(statSync(path).size <= bytes, `${statSync(path).size} bytes`);
  assert.ok(statSync(path).size > bytes / 3, 'not more than needed');
  assert.equal(statSync(`${path}-wal`).size, 0);
  const logs = seqs(store.query({ kinds: ['log'], limit: 10_000 }));
  assert.equal(logs.at(-1), 10_000);
  assert.equal(logs.length, 9_980 - gone);
  assert.ok((logs[0] ?? 0) > 1 && logs.length > 100);
  assert.equal(store.query({ kinds: ['flip'] }).length, 20);
  store.close();
});

test('one call of prune is bounded, and the next goes on', () => {
  let ticks = 0;
  const clock = { ...still(NOW), monotonic: () => (ticks += 60) };
  using({ clock, keep: { ageMs: { logs: 0, other: 0 }, bytes: 1e12 } }, (store) => {
    store.append(drafts(5 * SPAN, () => ({ time: NOW - 1 })));
    const first = store.prune();
    assert.ok(first > 0 && first < 5 * SPAN, `${first}`);
    let gone = first;
    for (let calls = 0; calls < 50; calls += 1) gone += store.prune();
    assert.equal(gone, 5 * SPAN);
  });
});
