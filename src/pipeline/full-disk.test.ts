import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { leakCheck, onEnd, tempFolder } from '../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig } from '../../test/rig/pipeline.ts';
import { within } from '../../test/rig/wait.ts';
import { disk, type Files } from '../core/files.ts';
import { silentLog } from '../core/log.ts';
import { StoreFullError } from '../core/sqlite.ts';
import { createPatience } from './engine/full-disk.ts';
import { prepare } from './steps/install.ts';

const STEPS = { steps: { A: { from: 'inbox', run: ['cp', '{in}', '{out}'], to: '{stem}/{name}' } } };

/** Fails so many times, then works. */
function failing<Words extends unknown[], T>(
  times: number,
  error: Error,
  work: (...words: Words) => Promise<T>,
) {
  let left = times;
  return (...words: Words): Promise<T> => (left-- > 0 ? Promise.reject(error) : work(...words));
}

const noRoom = (): Error => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

test('a full disk is waited for, wherever it hits, and nothing is done twice or lost', async (t) => {
  leakCheck(t);
  const operations = ['mkdir', 'rename'] as const;
  for (const operation of operations) {
    const rig = pipelineRig(t, STEPS);
    rig.deliver('a.in', 'x\n');
    const work = disk[operation] as (...words: unknown[]) => Promise<void>;
    const files = { ...disk, [operation]: failing(1, noRoom(), work) };
    await rig.work(undefined, { files });
    assert.deepEqual(rig.products(), { 'a/a.in': 'x\n' }, operation);
    const runs = await rig.ledger((ledger) => ledger.runsOf(1));
    assert.deepEqual(
      runs.map(({ attempt, outcome }) => [attempt, outcome]),
      [[1, 'done']],
      operation,
    );
  }
});

const runsOf = async (rig: PipelineRig) => {
  const runs = await rig.ledger((ledger) => ledger.runsOf(1));
  return runs.map(({ attempt, outcome }) => `${attempt} ${outcome}`);
};

/** Lets a runner work until it ends by itself, since a sync fails. */
async function fails(rig: PipelineRig, files: Partial<Files>): Promise<void> {
  const running = rig.start(undefined, { files: { ...disk, ...files } });
  await running.pipeline.look().catch(() => {});
  const ended = within(running.ended, { what: 'the runner to end' });
  await assert.rejects(ended, {
    name: 'NotDurableError',
    code: 'ENOSPC',
    message: /^cannot make .* durable: /,
  });
}

test('a sync that fails for want of room is not tried again: the runner ends, and as often as that is so its task is not to blame', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, STEPS);
  rig.deliver('a.in', 'x\n');
  for (let life = 0; life < 4; life++) {
    await fails(rig, { datasync: failing(1, noRoom(), disk.datasync) });
    assert.deepEqual(rig.products(), {});
  }
  await rig.work();
  assert.deepEqual(rig.products(), { 'a/a.in': 'x\n' });
  assert.deepEqual(await runsOf(rig), [...Array<string>(4).fill('1 ready'), '1 done']);
});

test('the name of a folder that could not be made durable is made durable by the next runner', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, STEPS);
  rig.deliver('a.in', 'x\n');
  await fails(rig, { syncFolder: failing(1, noRoom(), disk.syncFolder) });
  const synced: string[] = [];
  const syncFolder = (path: string): Promise<void> => {
    synced.push(path.slice(rig.folder.length + 1));
    return disk.syncFolder(path);
  };
  await rig.work(undefined, { files: { ...disk, syncFolder } });
  assert.deepEqual(synced, ['products', 'products/a']);
  assert.deepEqual(await runsOf(rig), ['1 ready', '1 done']);
});

test('where the name of a product could not be made durable, the next runner finishes that without a run', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, STEPS);
  rig.deliver('a.in', 'x\n');
  const full = failing(1, noRoom(), disk.syncFolder);
  const syncFolder = (path: string): Promise<void> =>
    path.endsWith('/a') ? full(path) : disk.syncFolder(path);
  await fails(rig, { syncFolder });
  await rig.work();
  assert.deepEqual(rig.products(), { 'a/a.in': 'x\n' });
  assert.deepEqual(await runsOf(rig), ['1 done']);
});

test('a runner that ends since a sync fails does not wait for those of its runs that wait for room, and they are not to blame', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    parallel: 2,
    steps: { A: { ...STEPS.steps.A, concurrency: 2 } },
  });
  rig.deliver('a.in', 'x\n');
  rig.deliver('b.in', 'y\n');
  for (let life = 0; life < 4; life++) {
    const waits = Promise.withResolvers<void>();
    await fails(rig, {
      mkdir(path) {
        if (!path.endsWith('/a')) return disk.mkdir(path);
        waits.resolve();
        return Promise.reject(noRoom());
      },
      datasync: () => waits.promise.then(() => Promise.reject(noRoom())),
    });
  }
  await rig.work();
  assert.deepEqual(rig.products(), { 'a/a.in': 'x\n', 'b/b.in': 'y\n' });
});

test('a runner that is told to end while a run waits for room leaves its task as it was', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, STEPS);
  rig.deliver('a.in', 'x\n');
  for (let life = 0; life < 4; life++) {
    const waits = Promise.withResolvers<void>();
    const mkdir = (): Promise<void> => {
      waits.resolve();
      return Promise.reject(noRoom());
    };
    const running = rig.start(undefined, { files: { ...disk, mkdir } });
    await running.pipeline.look();
    await within(waits.promise, { what: 'a run that waits' });
    await running.stop().catch(() => {});
  }
  await rig.work();
  assert.deepEqual(rig.products(), { 'a/a.in': 'x\n' });
  assert.deepEqual(await runsOf(rig), [...Array<string>(4).fill('1 ready'), '1 done']);
});

test('that the disk is full is said once, and that it goes on when nobody waits any more', async () => {
  const lines: string[] = [];
  const say = (message: string): void => void lines.push(message);
  const clock = createFakeClock();
  const over = new AbortController();
  const patience = createPatience(clock, { ...silentLog, error: say, info: say }, over.signal);
  const first = patience.until(
    'write one',
    failing(2, noRoom(), async () => {}),
  );
  const second = patience.until(
    'write two',
    failing(1, noRoom(), async () => {}),
  );
  await clock.advance(1);
  // What needs no room succeeds all the time.
  await patience.until('read', async () => {});
  assert.deepEqual(lines, ['cannot write one, and waits until it can']);
  await clock.advance(500);
  await second;
  assert.equal(lines.length, 1);
  await clock.advance(1000);
  await first;
  assert.deepEqual(lines.splice(0), ['cannot write one, and waits until it can', 'goes on']);
  const third = patience.until(
    'write three',
    failing(Number.POSITIVE_INFINITY, noRoom(), async () => {}),
  );
  const ended = assert.rejects(third, { code: 'ENOSPC' });
  await clock.advance(1);
  over.abort();
  await ended;
  assert.deepEqual(lines, ['cannot write three, and waits until it can']);
});

const FAR = '/dev/shm';
const isFar = existsSync(FAR) && statSync(FAR).dev !== statSync(tmpdir()).dev;

test('on a full disk no copies of products are left, however often they are made', {
  skip: !isFar && `${FAR} is no filesystem of its own`,
}, async (t) => {
  const root = tempFolder(t);
  const far = mkdtempSync(join(FAR, 'vahti-test-'));
  onEnd(t, () => rmSync(far, { recursive: true }));
  const products = ['a', 'b'].map((path) => ({ file: join(far, path), path, complete: true }));
  for (const { file } of products) writeFileSync(file, 'x');
  let left = 1;
  const write: Files['write'] = (...words) => (left-- > 0 ? disk.write(...words) : Promise.reject(noRoom()));
  await assert.rejects(prepare(products, root, { ...disk, write }), { code: 'ENOSPC' });
  assert.deepEqual(readdirSync(root), []);
  const installs = await prepare(products, root, disk);
  assert.deepEqual(
    readdirSync(root).toSorted(),
    installs.map(({ temp }) => basename(temp)),
  );
});

test('a ledger without room is waited for', async (t) => {
  leakCheck(t);
  const full = new StoreFullError('cannot use the ledger of p: no space left');
  const rig = pipelineRig(t, STEPS);
  rig.deliver('a.in', 'x\n');
  await rig.work(undefined, {
    around: (ledger) => ({
      ...ledger,
      arrive: failing(1, full, ledger.arrive),
      claim: failing(1, full, ledger.claim),
      intend: failing(1, full, ledger.intend),
      succeed: failing(1, full, ledger.succeed),
    }),
  });
  assert.deepEqual(rig.products(), { 'a/a.in': 'x\n' });
  assert.equal(await rig.state('a.in'), 'done');
});

test('what ends once there is room again ended then, and not when there was none', async (t) => {
  leakCheck(t);
  const full = new StoreFullError('cannot use the ledger of p: no space left');
  const rig = pipelineRig(t, STEPS);
  rig.deliver('a.in', 'x\n');
  const moments: number[] = [];
  await rig.work(undefined, {
    around: (ledger) => ({
      ...ledger,
      async succeed(held, success, now) {
        moments.push(now);
        if (moments.length === 1) throw full;
        return ledger.succeed(held, success, now);
      },
    }),
  });
  const [first = 0, second = 0] = moments;
  assert.ok(second > first, `${second - first} ms later`);
  const [ended] = await rig.ledger(async (ledger) =>
    (await ledger.filesAt('a.in')).map((file) => file.kind === 'inbox' && file.ended),
  );
  assert.equal(ended, second);
});
