import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { OK } from '../../../test/rig/jobs.ts';
import type { Current } from '../../jobs/job-state.ts';
import { openPapers, type Paper } from './papers.ts';

const id = (number: number): string => String(number).padStart(32, '0');

function paper(run: string, at = 1000): Paper {
  const asked = { request: run, cause: 'schedule', by: '', due: 1, notBefore: 1, attempt: 1 } as const;
  const rest = { retriesLeft: 0, coalesced: 0, redone: false, set: { A: 'b' }, dryRun: false };
  const current: Current = { ...asked, ...rest, run, startedAt: 2, process: null };
  return { run: current, at };
}

test('what is asked for is taken once, or taken back; what is void is thrown away', async (t) => {
  const papers = openPapers(tempFolder(t), 'j');
  const always = (): boolean => true;
  assert.equal(papers.take(id(1), always), undefined);
  await papers.request(paper('r1'));
  assert.deepEqual(papers.take(id(1), always), paper('r1'));
  assert.equal(papers.take(id(2), always), undefined);
  assert.equal(papers.withdraw(), false);
  assert.deepEqual(papers.begun(), [{ ...paper('r1'), invocation: id(1), isOver: false }]);
  await papers.request(paper('r2'));
  assert.equal(papers.withdraw(), true);
  await papers.request(paper('r3'));
  assert.equal(
    papers.take(id(3), () => false),
    undefined,
  );
  assert.equal(papers.take(id(3), always), undefined, 'it is gone');
  await papers.request(paper('r4'));
  // Taken back in the very moment in which it is taken.
  assert.equal(
    papers.take(id(4), () => papers.withdraw()),
    'withdrawn',
  );
});

test('an end and how far it is are there until they are settled; a run is known a while longer', async (t) => {
  const folder = tempFolder(t);
  const papers = openPapers(folder, 'j');
  for (let number = 1; number <= 25; number++) await papers.begin(id(number), paper(`r${number}`, number));
  assert.deepEqual([papers.readEnd(id(1)), papers.readProgress(id(1))], [undefined, null]);
  papers.writeProgress(id(1), { done: 3, total: null, what: 'a' });
  assert.deepEqual(papers.readProgress(id(1)), { done: 3, total: null, what: 'a' });
  await papers.writeEnd(id(1), OK, 77);
  assert.deepEqual(papers.readEnd(id(1)), { ...OK, endedAt: 77 });
  // What a run leaves that is killed while it writes its last word.
  writeFileSync(join(folder, 'jobs/j', `.${id(2)}.end.json.0123456789ab.tmp`), '{');
  for (let number = 1; number <= 25; number++) papers.settle(id(number));
  assert.deepEqual([papers.readEnd(id(1)), papers.readProgress(id(1))], [undefined, null]);
  const left = papers.begun().map(({ run, isOver }) => [run.run, isOver]);
  assert.deepEqual(
    left,
    Array.from({ length: 20 }, (_, index) => [`r${index + 6}`, true]),
  );
  assert.equal(readdirSync(join(folder, 'jobs/j')).length, 20);
});

test('what was torn or written by others counts for nothing; the group of the daemon may take part', async (t) => {
  const folder = tempFolder(t);
  const papers = openPapers(folder, 'j');
  await papers.request(paper('r1'));
  const at = join(folder, 'jobs/j');
  assert.equal(statSync(at).mode & 0o7777, 0o2770);
  assert.equal(statSync(join(at, 'request.json')).mode & 0o777, 0o660);
  for (const text of ['', '{', '{"v":2}', '[]']) {
    writeFileSync(join(at, 'request.json'), text);
    chmodSync(join(at, 'request.json'), 0o660);
    assert.equal(
      papers.take(id(1), () => true),
      undefined,
      text,
    );
    writeFileSync(join(at, `${id(7)}.json`), text);
    writeFileSync(join(at, `${id(7)}.end.json`), text);
    assert.deepEqual([papers.begun(), papers.readEnd(id(7))], [[], undefined]);
  }
});
