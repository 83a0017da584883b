import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { HK, oldInstallation } from '../../../../test/rig/stix-installation.ts';

test('where the inbox begins with what is new, what is open is left as it is', async (t) => {
  leakCheck(t);
  for (const start of ['unprocessed', 'new']) {
    const old = await oldInstallation(t, false, start);
    const [path = ''] = old.example.generate('tm', 'tm/processing', '--hours', '1', '--part', '11');
    const survey = await old.read();
    assert.deepEqual(
      [survey.isOpenLeft, survey.logs.open.map((each) => each.path)],
      [start === 'new', [basename(path)]],
    );
    await old.apply(survey);
    const states = await old.ledger(async (ledger) =>
      Promise.all(
        [old.telemetry[0] ?? '', basename(path)].map(
          async (name) => (await ledger.inboxFile('tm', name))?.state,
        ),
      ),
    );
    assert.deepEqual(states, ['done', start === 'new' ? 'done' : undefined]);
  }
});

test('what the daily pipeline went over several times is one run, or one that will be done again', async (t) => {
  leakCheck(t);
  const old = await oldInstallation(t, false);
  const input = join(old.folder, `products/${HK}U.json`);
  const other = join(old.folder, 'products', dirname(HK), 'other.json');
  writeFileSync(other, '{}');
  for (const path of [input, other]) utimesSync(path, new Date('2026-09-10'), new Date('2026-09-10'));
  const row = old.daily.prepare('INSERT INTO processed_fits_products VALUES (NULL, ?, ?, ?, 2, ?, ?, ?)');
  const done = (path: string, day: string): unknown =>
    row.run('x', 'ANC', 'asp', path, '/out', `2026-09-${day}T00:00:00`);
  for (const day of ['08', '09', '11', '12']) done(input, day);
  for (const day of ['05', '06', '07']) done(other, day);
  const { daily } = await old.read();
  assert.deepEqual([daily?.rows, daily?.runs.length, daily?.newer], [7, 1, 1]);
});

test('of two telemetry files of one name without an .out each is judged by itself', async (t) => {
  leakCheck(t);
  const old = await oldInstallation(t, false);
  const at = (path: string): string => join(old.folder, 'tm/processing', path);
  const [path = ''] = old.example.generate('tm', 'tm/processing', '--hours', '1', '--part', '11');
  const name = basename(path);
  mkdirSync(at('old'));
  writeFileSync(at(`old/${name}`), 'an older one');
  const [ancient, mark] = [new Date('2026-08-01'), new Date('2026-08-02')];
  utimesSync(at(`old/${name}`), ancient, ancient);
  utimesSync(at(old.telemetry[0] ?? ''), mark, mark);
  const { logs } = await old.read({ lastProcessed: `${old.telemetry[0]}.out` });
  assert.deepEqual([logs.old, logs.open.map((each) => each.path)], [[`old/${name}`], [name]]);
});

test('a product that may grow is left where its complete form is there, too, and named', async (t) => {
  leakCheck(t);
  const old = await oldInstallation(t, false);
  writeFileSync(join(old.folder, `products/${HK}.json`), '{}');
  const { archive, problems } = await old.read();
  assert.deepEqual(
    archive.products.map(({ path }) => path),
    [`${HK}.json`],
  );
  assert.match(
    problems.join('\n'),
    new RegExp(`${HK}U\\.json: ${HK}\\.json is there, too; it is left: move one`),
  );
});
