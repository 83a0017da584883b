import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock, type FakeClock } from '../../../test/rig/fake-clock.ts';
import { createLooks } from '../../../test/rig/looks.ts';
import { silentLog } from '../../core/log.ts';
import { type Database, openDatabase, StoreFullError } from '../../core/sqlite.ts';
import { openLookHistory } from './history.ts';
import { createLookKeeper } from './keeper.ts';
import type { KeptEvent, KeptLook } from './look.ts';
import { LOOKS_MIGRATIONS } from './looks-db.ts';

const SECOND = 1000;
const HOUR = 3_600_000;
const NAME = { service: 'web', watch: 'alive', kind: 'http' };

function lookAt(clock: FakeClock, value: number): KeptLook {
  const now = clock.now();
  const life = { id: 'life-1', startedAt: now - (now % HOUR), readyAt: now - (now % HOUR), wellSince: 0 };
  return { now, at: now + 1, life, silence: undefined, reading: { ok: true, value }, failed: '' };
}

const values = (events: readonly KeptEvent[] = []): unknown[] =>
  events.map((event) => (event.kind === 'look' ? event.reading?.['value'] : event.kind));

test('looks are stored together, some seconds later; what comes after a pause sooner', async (t) => {
  const clock = createFakeClock();
  const looks = createLooks(t, clock);
  const keeper = looks.open();
  const sink = keeper.open(NAME, ['http', 'u']);
  const add = (value: number) => sink.add(lookAt(clock, value));
  add(1);
  assert.equal(looks.read('web').size, 0);
  await clock.advance(SECOND);
  assert.deepEqual(values(looks.read('web').get('alive')), ['opened', 1]);
  add(2);
  await clock.advance(9 * SECOND);
  assert.deepEqual(values(looks.read('web').get('alive')), ['opened', 1]);
  add(3);
  await clock.advance(SECOND);
  assert.deepEqual(values(looks.read('web').get('alive')), ['opened', 1, 2, 3]);
  assert.equal(looks.read('other').size, 0);
  keeper.close();
  assert.equal(clock.nextTimer(), undefined);
});

const PAUSES: Readonly<Record<string, number>> = {
  wait: 20 * SECOND,
  half: 31 * 60 * SECOND,
  long: HOUR + SECOND,
};

test('a killed daemon loses what was not stored, and nothing else; the next one goes on, over hours and several watches', async (t) => {
  const watches = ['a', 'b', 'c'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          {
            weight: 12,
            arbitrary: fc.record({ do: fc.constant('look'), watch: fc.constantFrom(...watches) }),
          },
          {
            weight: 4,
            arbitrary: fc.record({
              do: fc.constantFrom('wait', 'half', 'half', 'long'),
              watch: fc.constant(''),
            }),
          },
          {
            weight: 2,
            arbitrary: fc.record({ do: fc.constantFrom('flush', 'kill', 'close'), watch: fc.constant('') }),
          },
        ),
        { maxLength: 60 },
      ),
      async (steps) => {
        const clock = createFakeClock();
        const looks = createLooks(t, clock);
        let keeper = looks.open();
        let count = 0;
        const begin = () =>
          new Map(watches.map((watch) => [watch, keeper.open({ ...NAME, watch }, [watch])]));
        let sinks = begin();
        const kept = new Map(watches.map((watch) => [watch, [] as unknown[]]));
        const waiting = new Map(watches.map((watch) => [watch, ['opened'] as unknown[]]));
        const settle = (isStored: boolean) => {
          for (const [watch, all] of waiting) {
            if (isStored) kept.get(watch)?.push(...all);
            all.length = 0;
          }
        };
        for (const step of steps) {
          if (step.do === 'look') {
            sinks.get(step.watch)?.add(lookAt(clock, ++count));
            waiting.get(step.watch)?.push(count);
          } else if (Object.hasOwn(PAUSES, step.do)) {
            await clock.advance(PAUSES[step.do] ?? 0);
            keeper.flush();
            settle(true);
          } else {
            if (step.do === 'flush') keeper.flush();
            if (step.do === 'close') keeper.close();
            if (step.do !== 'kill') settle(true);
            if (step.do === 'flush') continue;
            if (step.do === 'kill') keeper.kill();
            settle(false);
            keeper = looks.open();
            sinks = begin();
            for (const all of waiting.values()) all.push('opened');
          }
        }
        const found = looks.read('web');
        // That a watch was opened is only told with what it saw then.
        const seen = (all: readonly unknown[]) =>
          all.filter(
            (each, index) => each !== 'opened' || ![undefined, 'opened'].includes(all[index + 1] as never),
          );
        for (const [watch, all] of kept) assert.deepEqual(seen(values(found.get(watch))), seen(all));
      },
    ),
    { numRuns: 40 },
  );
});

test('after an hour a series goes to a chunk, few at a time, and the journal ends; chunks are small', async (t) => {
  const clock = createFakeClock();
  const looks = createLooks(t, clock);
  const keeper = looks.open();
  const sinks = Array.from({ length: 40 }, (_, index) =>
    keeper.open({ ...NAME, watch: `w${index}` }, [`${index}`]),
  );
  for (let round = 0; round < 70; round++) {
    for (let many = 0; many < 6; many++) for (const sink of sinks) sink.add(lookAt(clock, round * 6 + many));
    await clock.advance(60 * SECOND);
  }
  const opened = openDatabase(looks.path, { migrations: LOOKS_MIGRATIONS, synchronous: 'normal', name: 'x' });
  assert.ok(opened.ok);
  const count = (sql: string): number => opened.value.get({ n: Number }, sql)?.n ?? Number.NaN;
  assert.equal(count('SELECT count(*) AS n FROM chunks'), 40);
  assert.ok(count('SELECT count(*) AS n FROM journal') < 15);
  assert.ok(count('SELECT sum(length(data)) AS n FROM chunks') < 40 * 360 * 2);
  opened.value.close();
  assert.equal(values(looks.read('web').get('w7')).length, 421);
  const middle = clock.now() - HOUR / 2;
  const part = looks.read('web', middle, middle + 599 * SECOND).get('w7') ?? [];
  assert.equal(part.filter(({ kind }) => kind === 'look').length, 60);
});

test('what is in a chunk already is not taken from the journal again by the next daemon', async (t) => {
  const clock = createFakeClock();
  const looks = createLooks(t, clock);
  let keeper = looks.open();
  const [slow, busy] = ['slow', 'busy'].map((watch) => keeper.open({ ...NAME, watch }, [watch]));
  slow?.add(lookAt(clock, 1));
  // Much at once goes to a chunk soon; the journal stays for the other.
  for (let value = 1; value <= 100; value++) {
    const look = lookAt(clock, value);
    busy?.add({ ...look, reading: { ...look.reading, pad: `${value}`.repeat(500) } });
  }
  await clock.advance(20 * SECOND);
  await clock.advance(20 * SECOND);
  keeper.flush();
  keeper.kill();
  keeper = looks.open();
  keeper.open({ ...NAME, watch: 'other' }, ['u']).add(lookAt(clock, 3));
  await clock.advance(HOUR);
  keeper.flush();
  assert.equal(values(looks.read('web').get('busy')).length, 101);
  assert.equal(values(looks.read('web').get('slow')).length, 2);
});

test('what is too old goes, and the oldest while the file is too large', async (t) => {
  const clock = createFakeClock();
  const looks = createLooks(t, clock);
  let keeper = looks.open({ ageMs: 3 * HOUR, bytes: 1e9 });
  let sink = keeper.open(NAME, ['u']);
  const run = async (hours: number, reading: (round: number) => string) => {
    for (let round = 0; round < hours * 12; round++) {
      for (let many = 0; many < 5; many++)
        sink.add({ ...lookAt(clock, round), reading: { value: reading(round) } });
      await clock.advance(300 * SECOND);
    }
  };
  await run(6, () => 'x');
  const [first] =
    looks
      .read('web')
      .get('alive')
      ?.filter(({ kind }) => kind === 'look') ?? [];
  assert.ok(first?.kind === 'look');
  const age = (clock.now() - first.now) / HOUR;
  assert.ok(age >= 3 && age < 5.2, `${age}`);
  keeper.close();
  const bytes = 400 * 1024;
  keeper = looks.open({ ageMs: 1e12, bytes });
  sink = keeper.open(NAME, ['u']);
  let seed = 1;
  const noise = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed.toString(36);
  };
  await run(8, () => Array.from({ length: 300 }, noise).join(''));
  keeper.close();
  assert.ok(statSync(looks.path).size < 2 * bytes, `${statSync(looks.path).size}`);
  assert.ok(values(looks.read('web').get('alive')).length > 50);
});

test('a full disk: looks wait, bounded, and are stored when there is room; one warning', async (t) => {
  const clock = createFakeClock();
  const looks = createLooks(t, clock);
  const opened = openDatabase(looks.path, { migrations: LOOKS_MIGRATIONS, synchronous: 'normal', name: 'x' });
  assert.ok(opened.ok);
  let isFull = true;
  const db: Database = {
    ...opened.value,
    get inTransaction() {
      return opened.value.inTransaction;
    },
    run(sql, parameters) {
      if (isFull) throw new StoreFullError('cannot use it: no space left');
      return opened.value.run(sql, parameters);
    },
  };
  const said: string[] = [];
  const log = {
    ...silentLog,
    warn: (line: string) => said.push(line),
    info: (line: string) => said.push(line),
  };
  const keeper = createLookKeeper(db, {
    clock,
    log,
    limits: { ageMs: 1e12, bytes: 1e12 },
  });
  const sink = keeper.open(NAME, ['u']);
  for (let round = 0; round < 20; round++) {
    sink.add(lookAt(clock, round));
    await clock.advance(10 * SECOND);
  }
  isFull = false;
  sink.add(lookAt(clock, 20));
  await clock.advance(10 * SECOND);
  keeper.close();
  assert.equal(values(looks.read('web').get('alive')).length, 22);
  assert.deepEqual(said, [
    'cannot write the history of looks: looks wait',
    'the history of looks is written again',
  ]);
});

test('SIGKILL in the middle of writing: what is there can be read, without a hole', (t) => {
  const clock = createFakeClock();
  const looks = createLooks(t, clock);
  const script = `
    const { openLookKeeper } = await import(${JSON.stringify(import.meta.resolve('./keeper.ts'))});
    const { systemClock } = await import(${JSON.stringify(import.meta.resolve('../../core/clock.ts'))});
    const { silentLog } = await import(${JSON.stringify(import.meta.resolve('../../core/log.ts'))});
    const opened = openLookKeeper({ path: ${JSON.stringify(looks.path)}, clock: systemClock, log: silentLog, limits: { ageMs: 1e12, bytes: 1e12 } });
    const sink = opened.value.open(${JSON.stringify(NAME)}, ['u']);
    const life = { id: 'l', startedAt: 1, readyAt: 1, wellSince: 0 };
    let value = 0;
    for (;;) {
      for (let count = 0; count < 50; count++) {
        const now = Date.now();
        sink.add({ now, at: now, life, silence: undefined, reading: { value: ++value, pad: 'x'.repeat(value % 300) }, failed: '' });
      }
      opened.value.flush();
      if (value === 5000) setTimeout(() => {}, 0), process.kill(process.pid, 'SIGKILL');
    }`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(ran.signal, 'SIGKILL', ran.stderr);
  const numbers = values(looks.read('web').get('alive')).filter(Number);
  assert.deepEqual(
    numbers,
    Array.from({ length: 5000 }, (_, index) => index + 1),
  );
  looks.open().close();
  assert.ok(openLookHistory(looks.path).ok);
});
