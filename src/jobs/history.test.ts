import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { tempFolder } from '../../test/rig/leaks.ts';
import { openJobStore, type RunRow } from './history.ts';
import { FRESH } from './job-state.ts';

const ROW: RunRow = {
  job: 'j',
  run: 'r1',
  request: 'r1',
  attempt: 1,
  cause: 'person',
  by: 'ada',
  due: 5,
  started: 6,
  ended: null,
  outcome: null,
  summary: '',
  exit: null,
  counts: {},
  coalesced: 2,
  dryRun: false,
};

test('states and runs outlive the store, all of a commit or nothing', (t: TestContext) => {
  const path = join(tempFolder(t), 'jobs.db');
  const open = () => {
    const opened = openJobStore(path);
    assert.ok(opened.ok);
    return opened.value;
  };
  const first = open();
  first.commit(
    new Map([
      ['j', FRESH],
      ['k', FRESH],
    ]),
    [ROW],
  );
  assert.equal(first.last('j'), undefined);
  const done: RunRow = { ...ROW, ended: 9, outcome: 'ok', summary: 's', exit: 0, counts: { files: 3 } };
  first.commit(new Map([['k', null]]), [done]);
  assert.throws(() => first.commit(new Map([['j', null]]), [{ ...ROW, run: null as unknown as string }]));
  first.close();
  const second = open();
  assert.deepEqual([...second.load()], [['j', FRESH]]);
  assert.deepEqual([second.run('j', 'r1'), second.last('j'), second.runs('j', 5)], [done, done, [done]]);
  second.close();
});

test('of each job the newest thousand runs are kept', (t: TestContext) => {
  const opened = openJobStore(join(tempFolder(t), 'jobs.db'));
  assert.ok(opened.ok);
  const rows = Array.from({ length: 1100 }, (_, index): RunRow => {
    return { ...ROW, run: `r${index}`, started: index, ended: index + 1, outcome: 'ok' };
  });
  opened.value.commit(new Map(), [{ ...ROW, job: 'other' }, ...rows]);
  const kept = opened.value.runs('j', 5000);
  assert.ok(kept.length <= 1001 && kept.length >= 1000, `${kept.length}`);
  assert.equal(kept[0]?.run, 'r1099');
  assert.equal(opened.value.runs('other', 5).length, 1);
  opened.value.close();
});
