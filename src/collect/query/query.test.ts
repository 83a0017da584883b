import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { memoryFolder, put } from '../../../test/rig/lifecycle.ts';
import { archive, ask, DAY, folderWith, lines, NO_DUCKDB, writeFolder } from '../../../test/rig/querying.ts';
import { systemClock } from '../../core/clock.ts';
import { installCommand } from './duckdb.ts';
import { QueryError } from './query.ts';

const skip = NO_DUCKDB;

const PARTS = {
  [`${DAY}09.ndjson`]: lines(1, 10),
  [`${DAY}10.ndjson`]: lines(11, 10),
  [`${DAY}11.ndjson`]: lines(21, 10),
};

test('closed parts, archives and what is committed of an open part are one table', { skip }, async (t) => {
  const root = folderWith(t, {
    closed: PARTS,
    open: { first: 31, count: 5 },
    torn: lines(36, 1) + lines(37, 1).slice(0, 90),
  });
  archive(root, `${DAY}10.ndjson`, 'gz', lines(11, 10));
  archive(root, `${DAY}11.ndjson`, 'zst', lines(21, 10));
  assert.deepEqual(
    await ask(root, 'select count(*), min(seq), max(seq), count(distinct seq) from firehose;'),
    [['35', '1', '35', '35']],
  );
  assert.deepEqual(
    await ask(root, 'select distinct path, part, hour, day from firehose order by 1'),
    ['09.ndjson', '10.ndjson.gz', '11.ndjson.zst', '12.open.ndjson'].map((name) => [
      `${DAY}${name}`,
      `${DAY}${name.slice(0, 2)}`,
      `2026-11-18 ${name.slice(0, 2)}:00:00`,
      '2026-11-18',
    ]),
  );
  assert.deepEqual(
    await ask(root, `select time, commit.record, commit.record->>'t' from firehose where seq = 12`, {
      form: 'json',
    }),
    [['"2026-11-18 00:00:12"', '{"n":1,"t":"ä\\n🌲"}', '"ä\\n🌲"']],
  );
  for (const sql of [
    'describe firehose',
    'from (summarize firehose) limit 1',
    'show tables',
    'with a as (from firehose) from a -- all',
    'explain select 1',
  ])
    assert.ok((await ask(root, sql)).length > 0, sql);
});

test('files whose names say that they are not wanted are not read', { skip }, async (t) => {
  const root = folderWith(t, { closed: PARTS, open: { first: 31, count: 5 } });
  // Whoever reads this one fails.
  writeFileSync(join(root, `${DAY}09.ndjson`), 'x'.repeat(statSync(join(root, `${DAY}09.ndjson`)).size));
  for (const where of [
    `hour >= '2026-11-18 10:00'`,
    `hour between '2026-11-18 10:00' and '2026-11-18 12:00' and did like '%a'`,
    `part > '${DAY}09'`,
  ])
    assert.deepEqual(await ask(root, `select count(*) from firehose where ${where}`), [['25']], where);
  assert.deepEqual(await ask(root, `select count(*) from firehose where day = '2026-11-17'`), [['0']]);
  await assert.rejects(ask(root, 'select count(seq) from firehose'), /Malformed JSON in file .*T09\.ndjson/);
});

test('an error amid a long result is told, never a result that only looks whole', { skip }, async (t) => {
  const root = folderWith(t, {
    closed: {
      ...PARTS,
      [`${DAY}09.ndjson`]: lines(1, 20_000),
      [`${DAY}11.ndjson`]: `${lines(1, 20_000)}{"seq":1,"did\n`,
    },
  });
  await assert.rejects(
    ask(root, 'select seq, did from firehose'),
    (thrown: unknown) => thrown instanceof QueryError && /Malformed JSON in file .*T11/.test(thrown.message),
  );
});

test('property: whatever stands behind the last commit, and wherever the parts lie, each committed line is there once', {
  skip,
}, async (t) => {
  const base = memoryFolder(t);
  let count = 0;
  const tail = fc.oneof(
    fc.nat(300).map((cut) => Buffer.from(lines(50, 2)).subarray(0, cut)),
    fc.nat(200).map((zeros) => Buffer.alloc(zeros)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  const places = fc.array(fc.constantFrom('raw', 'gz', 'zst', 'both'), { minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(tail, places, fc.nat(4), async (torn, lie, committed) => {
      const root = join(base, String((count += 1)));
      writeFolder(root, PARTS, { first: 31, count: committed + 1 }, torn);
      for (const [index, [path, text]] of Object.entries(PARTS).entries()) {
        const place = lie[index];
        if (place === 'gz' || place === 'zst') archive(root, path, place, text);
        if (place === 'both') put(root, `${path}.zst`, zstdCompressSync(text));
      }
      const found = await ask(root, 'select seq from firehose order by seq');
      assert.deepEqual(
        found.flat().map(Number),
        Array.from({ length: 31 + committed }, (_, index) => index + 1),
      );
    }),
    { numRuns: 25 },
  );
});

test('a statement that does more than read is refused, and leaves no trace', { skip }, async (t) => {
  const root = folderWith(t, { closed: PARTS }, 'data');
  const before = readdirSync(root, { recursive: true });
  const cases: readonly (readonly [sql: string, said: RegExp])[] = [
    [`copy (select 1) to '${root}/x.csv'`, /^cannot run copy: a query only reads/],
    [`explain analyze copy (select 1) to '${root}/x.csv'`, /^cannot run copy/],
    [`attach '${root}/x.db'`, /^cannot run attach/],
    ['create table a(b int)', /^cannot run create/],
    ['set enable_external_access = true', /^cannot run (variable )?set/],
    ['install httpfs', /^cannot run load/],
    ['select 1; select 2', /several statements/],
    ['  ; ', /cannot query nothing/],
    ['select $1', /with parameters/],
    [`from read_text('/etc/hostname')`, /Permission Error: Cannot access file/],
    [`from read_text('${root}/../../etc/hostname')`, /Permission Error: Cannot access file/],
    [`from 'https://example.com/a.json'`, /Permission Error: Cannot access file/],
    ['selct 1', /^cannot query: Parser Error: syntax error at or near "selct"/],
    ['from firehoze', /Did you mean "firehose"/],
  ];
  for (const [sql, said] of cases)
    await assert.rejects(
      ask(root, sql),
      (thrown: unknown) => thrown instanceof QueryError && thrown.mistake && said.test(thrown.message),
      sql,
    );
  assert.deepEqual(readdirSync(root, { recursive: true }), before);
});

test('the deadline, an interruption and the memory end a query, with the reason', { skip }, async (t) => {
  const root = folderWith(t, {});
  const long = 'select count(*) from range(3000000000) a, range(10000) b where a.range % 7 = b.range % 3';
  await assert.rejects(ask(root, long, { timeoutMs: 50 }), /cannot finish the query within 50ms/);
  const stop = new AbortController();
  const asked = ask(root, 'select range from range(3000000000)', { signal: stop.signal });
  const timer = systemClock.timer(50, () => stop.abort());
  await assert.rejects(asked, /it was interrupted/);
  timer.cancel();
  await assert.rejects(
    ask(root, 'select range, random() r from range(30000000) order by 2', { memoryBytes: 2 ** 25 }),
    /more memory than 32M; give it more \(--memory\)/,
  );
});

test('a part that is archived between the look and its reading is found again; one that is purged is told', {
  skip,
}, async (t) => {
  const root = folderWith(t, { closed: PARTS });
  rmSync(join(root, `${DAY}09.ndjson`));
  const told: string[] = [];
  const gone = (table: string, parts: readonly string[]): void => {
    told.push(`${table} ${parts.join()}`);
    archive(root, `${DAY}10.ndjson`, 'zst', lines(11, 10));
  };
  assert.deepEqual(await ask(root, 'select count(*) from firehose', { gone }), [['20']]);
  assert.deepEqual(told, [`firehose ${DAY}09`]);
});

test('a file that came back beside its archive with other bytes is not taken for the part', {
  skip,
}, async (t) => {
  const root = folderWith(t, { closed: PARTS });
  archive(root, `${DAY}10.ndjson`, 'zst', lines(11, 10));
  put(root, `${DAY}10.ndjson`, lines(90, 2));
  assert.deepEqual(await ask(root, 'select count(*), max(seq) from firehose'), [['30', '30']]);
});

test('nothing committed yet is an empty table with its columns', { skip }, async (t) => {
  const root = join(memoryFolder(t), 'none');
  assert.deepEqual(await ask(root, 'select count(*) from firehose where commit.record is null'), [['0']]);
  assert.equal((await ask(root, 'describe firehose')).length, 14);
});

test('where it is not installed, the command that installs it is the one for how Vahti was installed', (t) => {
  const base = memoryFolder(t);
  const own = '{"name": "vahti"}';
  put(base, 'checkout/package.json', own);
  put(base, 'project/package.json', '{"name": "mine"}');
  put(base, 'project/node_modules/vahti/package.json', own);
  put(base, 'lib/node_modules/vahti/package.json', own);
  assert.equal(
    installCommand(join(base, 'checkout/src/collect')),
    `npm install --no-save --prefix ${base}/checkout @duckdb/node-api`,
  );
  assert.equal(
    installCommand(join(base, 'project/node_modules/vahti/dist')),
    `npm install --prefix ${base}/project @duckdb/node-api`,
  );
  assert.equal(
    installCommand(join(base, 'lib/node_modules/vahti/dist')),
    'npm install --global @duckdb/node-api',
  );
});
