import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { planOf, type PipelineRig, pipelineRig } from '../../../test/rig/pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import { disk } from '../../core/files.ts';
import { silentLog } from '../../core/log.ts';
import { lineageOf } from '../lineage.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { offlineView } from '../status/offline.ts';
import { createLogFiles } from './log-files.ts';
import { storyOf } from './story.ts';

const CONFIG = {
  inbox: { root: 'incoming', match: '**/*.in', settle: '10ms', scan: '1h' },
  steps: {
    LB: {
      from: 'inbox',
      run: ['sh', '-c', 'echo reads {in}; echo loudly >&2; ! [ -e broken ] || exit 4; cp {in} {out}'],
      to: 'LB/{dir}/{stem}.lb',
    },
    L0: { from: 'LB', run: ['cp', '{in}', '{out}'], to: 'L0/{dir}/{stem}.l0' },
  },
};

function rigOf(t: TestContext): PipelineRig {
  leakCheck(t);
  return pipelineRig(t, CONFIG);
}

/** Writes the log files as they are due; answers with the text of one of them, or undefined where it is not there. */
async function written(rig: PipelineRig, options: { readonly log?: typeof silentLog } = {}) {
  const folder = join(rig.folder, 'logs');
  await rig.ledger(async (ledger) => {
    const view = await offlineView('p', planOf(rig.folder, CONFIG), ledger, join(rig.folder, 'state/logs'));
    const writer = createLogFiles({
      view,
      ledger,
      folder,
      files: disk,
      clock: systemClock,
      log: options.log ?? silentLog,
    });
    await writer.write(true);
  });
  return (name: string): string | undefined => {
    const file = join(folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  };
}

async function again(rig: PipelineRig): Promise<void> {
  await rig.ledger((ledger: Ledger) => ledger.retry({}, systemClock.now()));
  await rig.work();
}

test('C8, C9 a file that is done has a log with all that was printed, and a list of its products', async (t) => {
  const rig = rigOf(t);
  rig.deliver('deep/a.in', 'a');
  await rig.work();
  const read = await written(rig);
  const log = read('deep/a.in.log') ?? '';
  assert.match(
    log,
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO p\.LB 1: begins attempt 1, version 1, step [0-9a-f]{16}, tool [0-9a-f]{16}\nreads .*\/a\.in\nloudly\n/,
  );
  assert.match(log, /INFO p\.L0 2: done\n$/);
  const products = Object.keys(rig.products()).map((path) => join(rig.folder, 'products', path));
  assert.equal(products.length, 2);
  assert.deepEqual(read('deep/a.in.out')?.split('\n').slice(0, -1).toSorted(), products.toSorted());
  assert.equal(read('deep/a.in.log.err'), undefined);
});

test('C8, B5 a failed file has its log as .err, which goes when a later run is clean; both runs are in the log', async (t) => {
  const rig = rigOf(t);
  writeFileSync(join(rig.folder, 'broken'), '');
  rig.deliver('a.in', 'a');
  await rig.work();
  let read = await written(rig);
  assert.match(read('a.in.log.err') ?? '', /ERROR p\.LB 1: failed: exit code 4: reads .* \| loudly\n$/);
  assert.equal(read('a.in.log.err'), read('a.in.log'));
  assert.equal(read('a.in.out'), undefined);
  rmSync(join(rig.folder, 'broken'));
  await again(rig);
  read = await written(rig);
  assert.equal(read('a.in.log.err'), undefined);
  assert.equal((read('a.in.log') ?? '').match(/reads /g)?.length, 3);
  assert.equal(read('a.in.out')?.split('\n').length, 3);
});

test('files of one name in two folders have logs of their own', async (t) => {
  const rig = rigOf(t);
  rig.deliver('one/a.in', 'a');
  rig.deliver('two/a.in', 'b');
  await rig.work();
  const read = await written(rig);
  assert.match(read('one/a.in.log') ?? '', /reads .*\/one\/a\.in\n/);
  assert.match(read('two/a.in.log') ?? '', /reads .*\/two\/a\.in\n/);
});

test('what is written once is not written again; a folder that cannot be written is tried again', async (t) => {
  const rig = rigOf(t);
  // In the place of the folder, so that it cannot be made.
  writeFileSync(join(rig.folder, 'logs'), '');
  const said: string[] = [];
  const log = { ...silentLog, error: (message: string) => void said.push(message) };
  rig.deliver('a.in', 'a');
  await rig.work();
  await written(rig, { log });
  assert.deepEqual(said, ['cannot write the logs of files; they follow']);
  rmSync(join(rig.folder, 'logs'));
  mkdirSync(join(rig.folder, 'logs'));
  assert.notEqual((await written(rig))('a.in.out'), undefined);
  rmSync(join(rig.folder, 'logs/a.in.out'));
  assert.equal((await written(rig))('a.in.out'), undefined);
});

test('a file that ended in the same millisecond as another, and was committed after it, has its log too', async (t) => {
  const rig = rigOf(t);
  const folder = join(rig.folder, 'logs');
  await rig.ledger(async (ledger) => {
    const clock = createFakeClock();
    const view = await offlineView('p', planOf(rig.folder, CONFIG), ledger, join(rig.folder, 'state/logs'));
    const writer = createLogFiles({ view, ledger, folder, files: disk, clock, log: silentLog });
    const ended = clock.now();
    const sight = (path: string, state: 'settling' | 'failed') =>
      ledger.sight('inbox', [{ path, ino: path, size: 1, mtimeNs: '1', state }], ended);
    await sight('first.in', 'settling');
    await sight('second.in', 'failed');
    await clock.advance(5);
    await writer.write();
    await sight('first.in', 'failed');
    await clock.advance(5000);
    await writer.write();
  });
  for (const name of ['first', 'second']) assert.ok(existsSync(join(folder, `${name}.in.log`)), name);
});

test('where the log of one file has the place of another, that one alone has none, and it is said', async (t) => {
  for (const names of [
    ['x.in', 'x.in.log/y.in', 'z.in'],
    ['x.in.log/y.in', 'x.in', 'z.in'],
    ['x.in.log.err/y.in', 'x.in', 'z.in'],
  ]) {
    const rig = rigOf(t);
    const said: unknown[] = [];
    const log = { ...silentLog, warn: (_: string, fields: unknown) => void said.push(fields) };
    for (const name of names) {
      rig.deliver(name, 'a');
      await rig.work();
    }
    const read = await written(rig, { log });
    assert.notEqual(read(`${names[0]}.out`), undefined, names.join());
    assert.notEqual(read('z.in.out'), undefined, names.join());
    assert.deepEqual(
      said.map((fields) => (fields as { path: string }).path),
      [names[1]],
    );
  }
});

test('a file that was only adopted has no story; one that was worked on has a lineage both ways', async (t) => {
  const rig = rigOf(t);
  rig.deliver('a.in', 'a');
  await rig.work();
  await rig.ledger(async (ledger) => {
    const view = await offlineView('p', planOf(rig.folder, CONFIG), ledger, join(rig.folder, 'state/logs'));
    const [input] = await ledger.filesAt('a.in');
    const [product] = await ledger.filesAt('L0/a.l0');
    assert.ok(input !== undefined && product !== undefined, Object.keys(rig.products()).join());
    const down = await lineageOf(view, input);
    assert.deepEqual(down.from, []);
    assert.deepEqual(
      down.into.map(({ path, next }) => [path, next.map((each) => each.path)]),
      [[join(rig.folder, 'products/LB/a.lb'), [join(rig.folder, 'products/L0/a.l0')]]],
    );
    const up = await lineageOf(view, product);
    assert.deepEqual(up.into, []);
    assert.equal(up.from[0]?.next[0]?.path, join(rig.folder, 'incoming/a.in'));
    await ledger.sight(
      'inbox',
      [{ path: 'b.in', ino: '1', size: 1, mtimeNs: '1', state: 'done', why: 'adopted' }],
      1,
    );
    const [adopted] = await ledger.filesAt('b.in');
    assert.ok(adopted !== undefined);
    assert.deepEqual(await storyOf(view, adopted), { log: '', isBad: false, out: [] });
    assert.deepEqual(
      (await ledger.endedSince(0, 0, 10)).map(({ path }) => path),
      ['a.in'],
    );
  });
});
