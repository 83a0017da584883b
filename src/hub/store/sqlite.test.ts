import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { ALL, draft, drafts, fresh, NOW, open, seqs, still, using } from '../../../test/rig/store.ts';
import type { StoredRecord } from '../../core/record.ts';
import { DatabaseError, number, openDatabase, StoreFullError } from '../../core/sqlite.ts';
import { createSqliteStore, openSqliteStoreReadOnly } from './sqlite.ts';

test('what is appended comes back as it was given, with its number, host and time of receipt', () => {
  const path = fresh();
  const given = draft({
    time: NOW - 1_234_567,
    life: 'l1',
    level: 17,
    sender: 'stderr',
    message: 'ä%_\\"\n😀',
    fields: { a: [1, { b: null }], __proto__x: 'y' },
  });
  const stored = using({ path }, (store) => store.append([given, draft({ time: -5 })]));
  const expected = { ...given, agent: 'box', host: 'box.example', seq: 1, received: NOW };
  assert.deepEqual(stored[0], expected);
  using({ path }, (store) => {
    assert.deepEqual(store.query({}), stored);
    assert.deepEqual(store.append([]), []);
  });
});

test('text that not every database can hold is made storable, and comes back as the append said', () => {
  using({}, (store) => {
    const stored = store.append([draft({ message: 'a\0b\ud800c', service: 's\0' })]);
    assert.equal(stored[0]?.message, 'a\ufffdb\ufffdc');
    assert.deepEqual(store.query({ text: 'B\ufffdC' }), stored);
  });
});

test('a batch with one bad record stores nothing, and uses no number', () => {
  using({}, (store) => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const bad of [
      { time: 1.5 },
      { time: Number.NaN },
      { time: 2 ** 53 },
      { level: 0.5 },
      { fields: circular },
    ]) {
      assert.throws(() => store.append([draft(), draft(bad)]));
    }
    assert.deepEqual(store.query({}), []);
    assert.deepEqual(seqs(store.append([draft()])), [1]);
  });
});

test('numbers go on after a restart, after pruning everything, and under a new name of the agent', () => {
  const path = fresh();
  const none = { ageMs: { logs: 0, other: 0 }, bytes: 1e12 };
  using({ path }, (store) => store.append(drafts(10)));
  using({ path, keep: none, clock: still(NOW + 1000) }, (store) => {
    assert.equal(store.prune(), 10);
    assert.deepEqual(store.query({}), []);
  });
  using({ path, agent: 'renamed' }, (store) => {
    const [record] = store.append([draft()]);
    assert.deepEqual([record?.agent, record?.seq], ['renamed', 11]);
  });
  using({ path }, (store) => {
    store.append([draft()]);
    assert.deepEqual(
      store.query({}).map(({ agent, seq }) => `${agent}/${seq}`),
      ['renamed/11', 'box/12'],
    );
  });
});

test('a full disk stores nothing, says that it may be tried again, and the store goes on when there is room', () => {
  const path = fresh();
  using({ path }, (store) => store.append([draft()]));
  const database = openDatabase(path, { migrations: [''], synchronous: 'full', name: 'the store' });
  assert.ok(database.ok);
  const db = database.value;
  const store = createSqliteStore(db, { agent: 'box', host: 'h', clock: still(), keep: ALL });
  const pages = db.get({ page_count: number }, 'PRAGMA page_count')?.page_count ?? 0;
  db.exec(`PRAGMA max_page_count = ${pages + 3}`);
  const big = drafts(100, () => ({ message: 'y'.repeat(1000) }));
  assert.throws(
    () => store.append(big),
    (error) => error instanceof StoreFullError && error.retry,
  );
  assert.deepEqual(seqs(store.query({})), [1]);
  db.exec('PRAGMA max_page_count = 100000');
  assert.equal(store.append(big)[0]?.seq, 2);
  assert.equal(store.query({ limit: 1000 }).length, 101);
  store.close();
});

test('another process may read beside the writer, and when it is gone', () => {
  const path = fresh();
  const missing = openSqliteStoreReadOnly(path);
  assert.equal(!missing.ok && missing.error.kind, 'unopenable');
  const store = open({ path });
  const opened = openSqliteStoreReadOnly(path);
  assert.ok(opened.ok);
  const stored = store.append(drafts(3, (index) => ({ fields: { index } })));
  assert.deepEqual(opened.value.query({}), stored);
  store.close();
  opened.value.close();
  const again = openSqliteStoreReadOnly(path);
  assert.ok(again.ok);
  assert.deepEqual(again.value.query({ take: 'oldest', limit: 1 }), stored.slice(0, 1));
  again.value.close();
  assert.throws(() => again.value.query({}));
});

const WRITER = `
  import { openSqliteStore } from ${JSON.stringify(new URL('sqlite.ts', import.meta.url).href)};
  import { systemClock } from ${JSON.stringify(new URL('../../core/clock.ts', import.meta.url).href)};
  import { writeSync } from 'node:fs';
  const opened = openSqliteStore({ path: process.argv[1], agent: 'box', host: 'h', clock: systemClock, keep: { ageMs: { logs: 1e12, other: 1e12 }, bytes: 1e12 } });
  if (!opened.ok) throw opened.error;
  for (let batch = Number(process.argv[2]); ; batch += 1) {
    const made = Array.from({ length: 1 + (batch % 40) }, (_, i) => ({ time: systemClock.micros(), service: 's', life: '', kind: 'log', level: 9, sender: 'x', message: batch + '.' + i + '/' + (1 + (batch % 40)) }));
    const stored = opened.value.append(made);
    writeSync(1, batch + ' ' + stored[0].seq + ' ' + stored.length + '\\n');
  }
`;

interface Acknowledged {
  readonly batch: number;
  readonly first: number;
  readonly count: number;
}

/** Lets a process append until it has acknowledged `batches` of them, and kills it. */
async function writeUntilKilled(path: string, from: number, batches: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const said: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [batch = 0, first = 0, count = 0] = line.split(' ').map(Number);
    said.push({ batch, first, count });
    if (said.length === batches) child.kill('SIGKILL');
  }
  await exited;
  return said;
}

test('what was acknowledged before a kill is there once, whole and in order; what was not is there whole or not at all', async () => {
  const path = fresh();
  const acknowledged: Acknowledged[] = [];
  let next = 0;
  for (const batches of [1, 30, 90, 7]) {
    acknowledged.push(...(await writeUntilKilled(path, next, batches)));
    // The batch that the kill may have cut off has a number of its own.
    next = (acknowledged.at(-1)?.batch ?? 0) + 2;
  }
  using({ path }, (store) => {
    const found: StoredRecord[] = [];
    for (let page = store.query({ after: 0, take: 'oldest', limit: 1000 }); page.length > 0; ) {
      found.push(...page);
      page = store.query({ after: page.at(-1)?.seq ?? 0, take: 'oldest', limit: 1000 });
    }
    assert.deepEqual(
      seqs(found),
      found.map((_, index) => index + 1),
    );
    for (const { batch, first, count } of acknowledged)
      assert.deepEqual(
        found.slice(first - 1, first - 1 + count).map((record) => record.message),
        Array.from({ length: count }, (_, i) => `${batch}.${i}/${count}`),
      );
    const sizes = Map.groupBy(found, (record) => record.message.split('.')[0]);
    for (const records of sizes.values())
      assert.equal(records.length, Number(records[0]?.message.split('/')[1]));
    assert.ok(acknowledged.length >= 128);
    assert.deepEqual(seqs(store.append([draft()])), [found.length + 1]);
  });
});

test('a damaged file is an error that says so', () => {
  const path = fresh();
  using({ path }, (store) => store.append(drafts(1000)));
  const whole = readFileSync(path);
  writeFileSync(path, whole.fill(0xff, 4096));
  const opened = openSqliteStoreReadOnly(path);
  assert.ok(opened.ok);
  assert.throws(
    () => opened.value.query({ services: ['clock'] }),
    (error) => error instanceof DatabaseError && error.kind === 'corrupt' && error.message.includes(path),
  );
  opened.value.close();
});
