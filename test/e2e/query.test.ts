import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCommitted } from '../../src/collect/committed.ts';
import { layoutOf } from '../../src/collect/layout.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { NO_DUCKDB } from '../rig/querying.ts';
import { jsonLines, startVahti, vahti } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

const WORDS = `printf '{"n":1,"text":"a, b"}\\n{"n":2}\\nplain "text"\\n'; sleep 60`;

/** Makes the package unknown to a process. */
const WITHOUT = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (name === '@duckdb/node-api') throw Object.assign(new Error('not there'), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
} });`)}`;

test('vahti query: tables, NDJSON and CSV of what a running collector has committed; mistakes are plain', {
  skip: NO_DUCKDB,
}, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const collect = JSON.stringify({ from: ['sh', '-c', WORDS], into: 'data' });
  writeFileSync(join(folder, 'vahti.yaml'), `services: { "the-lines": { collect: ${collect} } }\n`);
  const ask = (...args: string[]) => vahti(t, ['query', ...args], folder);

  const collector = startVahti(t, ['run', 'the-lines'], folder);
  await until(async () => (await readCommitted(layoutOf(join(folder, 'data'))))?.checkpoint.k === 3, {
    deadlineMs: 20_000,
    what: 'three lines',
  });
  const json = await ask(
    `select seq, data, line, data->>'text' as words, 1 as seq from "the-lines" order by 1`,
    '--json',
  );
  assert.deepEqual(
    jsonLines<Record<string, unknown>>(json.stdout).map(({ data, line, words, seq_1: again }) => ({
      data,
      line,
      words,
      again,
    })),
    [
      { data: { n: 1, text: 'a, b' }, line: null, words: 'a, b', again: 1 },
      { data: { n: 2 }, line: null, words: null, again: 1 },
      { data: null, line: 'plain "text"', words: null, again: 1 },
    ],
  );
  const csv = await ask(
    `select data->>'text' as words, line, '' as nothing from "the-lines" order by seq`,
    '--csv',
  );
  assert.equal(csv.stdout, 'words,line,nothing\n"a, b",,""\n,,""\n,"plain ""text""",""\n');
  const shown = await ask(`select kind, line from "the-lines" order by seq desc limit 2`);
  assert.equal(shown.stdout, 'kind  line\nline  plain "text"\njson  -\n');
  const many = await ask('select range as n from range(5000)');
  assert.equal(many.stdout.split('\n').length, 1_002, many.stderr);
  assert.match(many.stderr, /^the first 1000 rows; --json and --csv print all of them$/m);

  const wrong = await ask('select nothing from "the-lines"');
  assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /^cannot query: Binder Error: Referenced column "nothing" not found/);
  const without = await vahti(t, ['query', 'select 1'], folder, { NODE_OPTIONS: `--import=${WITHOUT}` });
  assert.equal(without.code, 1);
  assert.match(without.stderr, /^cannot query without DuckDB; install it: npm install .*@duckdb\/node-api$/m);

  const long = startVahti(t, ['query', 'select range from range(30000000000)', '--json'], folder);
  await until(() => long.output().stdout.length > 0, { what: 'its first rows' });
  long.kill('SIGINT');
  const ended = await long.ended;
  assert.deepEqual([ended.code, ended.stderr], [1, 'cannot finish the query: it was interrupted\n']);
  collector.kill('SIGTERM');
  await collector.ended;
});
