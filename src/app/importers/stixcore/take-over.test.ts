import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { planOf } from '../../../../test/rig/pipeline.ts';
import {
  HK,
  LIGHT,
  oldInstallation,
  type OldInstallation,
  ONLY,
  untouched,
} from '../../../../test/rig/stix-installation.ts';
import { systemClock } from '../../../core/clock.ts';
import { lockFolder } from '../../../core/folder-lock.ts';
import { historyPath, readHistory } from '../../../jobs/verbs/publish/history.ts';
import { createPeriodic } from '../../../pipeline/engine/periodic.ts';
import { createRouter } from '../../../pipeline/engine/routing.ts';
import { surveyState } from './state/survey.ts';

test('what was done is not done again, grown products are merged into, and nothing of the old system is changed', async (t) => {
  leakCheck(t);
  const old = await oldInstallation(t);
  const { folder, daily, published } = old;
  const soon = new Date(Date.now() + 1000).toISOString().slice(0, -1);
  const insert = daily.prepare('INSERT INTO processed_fits_products VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)');
  insert.run(
    'ephemeris',
    'ANC',
    'asp',
    2,
    join(folder, `products/${HK}.json`),
    join(folder, 'products/ANC/none.json'),
    soon,
  );
  insert.run(
    'lightcurve',
    'LL03',
    'ql',
    2,
    join(folder, `products/${LIGHT}.json`),
    '',
    '2026-01-01T00:00:00.000',
  );
  const publish = published.prepare('INSERT INTO published VALUES (NULL, ?, ?, 2, ?, 0, ?, NULL, ?)');
  publish.run(
    basename(`${HK}.json`),
    join(folder, 'products', HK, '..'),
    Date.now() / 1000,
    basename(HK),
    10,
  );
  const before = untouched(folder);
  const survey = await old.read();
  assert.deepEqual(survey.problems, []);
  assert.deepEqual(untouched(folder), before, 'looking changes nothing');
  assert.equal(existsSync(join(folder, 'state/ledger.db')), false);
  assert.deepEqual([survey.logs.done, survey.logs.open, survey.archive.gone], [old.telemetry, [], 0]);
  assert.deepEqual([survey.daily?.runs.length, survey.daily?.newer], [1, 1]);
  const first = await old.apply(survey);
  assert.deepEqual(first.left, []);
  assert.deepEqual(
    [first.inputs, first.runs, first.published],
    [
      { taken: 1, known: 0 },
      { taken: 1, known: 0 },
      { taken: 1, known: 0 },
    ],
  );
  const again = await old.apply(await old.read());
  assert.deepEqual(again.products, { taken: 0, known: first.products.taken });
  assert.deepEqual(
    [again.inputs, again.runs, again.published],
    [
      { taken: 0, known: 1 },
      { taken: 0, known: 1 },
      { taken: 0, known: 1 },
    ],
  );
  assert.deepEqual(untouched(folder), before, 'taking over changes nothing');

  await old.work();
  assert.deepEqual(await old.trace(), [], 'nothing is done again');
  const made = await old.ledger(async (ledger) => {
    const file = await ledger.inboxFile('tm', old.telemetry[0] ?? '');
    const products = (await ledger.tasksOfRoot(file?.id ?? 0)).map(({ id }) => ledger.productsOf(id));
    return (await Promise.all(products)).flat().map(({ path }) => path);
  });
  assert.ok(made.includes(`${HK}U.json`) && made.length === first.products.taken, made.join());
  assert.deepEqual(
    await dueAt8(old),
    [`LL03 ${LIGHT}U.json`],
    'the other one was done by the daily pipeline',
  );
  // More of the day: the old file has two hours, the new one the third.
  const lb = join(folder, 'products/LB/3/25/2/solo_LB_stix-3-25-2_0841536000_V02.json');
  const rows = (): number => (JSON.parse(readFileSync(lb, 'utf8')) as { rows: unknown[] }).rows.length;
  assert.equal(rows(), 12);
  old.example.generate('tm', 'tm/processing', '--from', '2', '--hours', '1', '--part', '2', '--only', ONLY);
  await old.work();
  const trace = await old.trace();
  assert.ok(
    trace.every((line) => / (?:done|warned)$/.test(line)),
    trace.join(),
  );
  assert.equal(rows(), 18);
});

/** What the daily steps would do, with what. */
async function dueAt8({ folder, config, ledger }: OldInstallation): Promise<readonly string[]> {
  const plan = planOf(folder, { ...config });
  const now = Date.now();
  return ledger(async (own) => {
    const periodic = createPeriodic(plan.steps, own, createRouter(plan), { now: () => now });
    await periodic.begin(now);
    await periodic.begin(now + 48 * 3_600_000);
    const ready = await own.tasks({ states: ['ready'], limit: 10 });
    return Promise.all(ready.map(async ({ id, step }) => `${step} ${(await own.inputsOf(id))[0]?.path}`));
  });
}

test('each kind of file that the logs tell of, and broken rows by their places', async (t) => {
  leakCheck(t);
  const old = await oldInstallation(t, false);
  const { folder, example, daily, published } = old;
  const part = (number: string, day: string): string =>
    basename(
      example.generate('tm', 'tm/processing', '--hours', '1', '--part', number, '--day', day)[0] ?? '',
    );
  const [errors, begun, fresh, ancient, mark] = ['11', '12', '13', '14', '15'].map((number) =>
    part(number, '2026-09-02'),
  );
  old.log(errors as string, '.out', '.log', '.log.err');
  old.log(begun as string, '.log');
  old.log(mark as string, '.out', '.log');
  old.log('Away.PktTmRaw.1.xml', '.out', '.log');
  mkdirSync(join(folder, 'tm/processing/twice'));
  cpSync(
    join(folder, 'tm/processing', begun as string),
    join(folder, 'tm/processing/twice', fresh as string),
  );
  old.log(fresh as string, '.out', '.log');
  const long = new Date('2026-09-01');
  for (const name of [ancient, mark]) utimesSync(join(folder, 'tm/processing', name as string), long, long);
  writeFileSync(
    join(folder, 'stixcore.ini'),
    `${readFileSync(join(folder, 'stixcore.ini'), 'utf8')}[Mirror]\n`,
  );
  writeFileSync(join(folder, 'logs', `${old.telemetry[0]}.out`), 'relative/path.fits\n/gone/solo.fits\n');
  const ini = readFileSync(join(folder, 'stixcore.ini'), 'utf8');
  writeFileSync(
    join(folder, 'stixcore.ini'),
    ini.replace('[Publish]', `last_processed = ${mark}.out\n[Publish]`),
  );
  daily.exec(
    `INSERT INTO processed_fits_products VALUES (5, 'x', 'ANC', 'asp', 'two', '/a', '/b', '2026-01-01T00:00:00')`,
  );
  daily.exec(`INSERT INTO processed_fits_products VALUES (6, 'x', 'ANC', 'asp', 2, '/a', '/b', 'yesterday')`);
  published.exec(`INSERT INTO published VALUES (7, 'a.fits', '/elsewhere', 2, 1.0, 1.0, 'a', NULL, 10)`);
  published.exec(
    `INSERT INTO published VALUES (8, 'b.fits', '${folder}/products', 2, 1.0, 1.0, 'b', NULL, 99)`,
  );
  published.exec(
    `INSERT INTO published VALUES (9, 'c.fits', '${folder}/products', 2, 1000000000.5, 1.0, 'solo_c', NULL, NULL)`,
  );
  published.exec(
    `INSERT INTO published VALUES (10, 'd.fits', '${folder}/products', 2, 1000000000.5, 1.0, 'solo_d', 'solo_d-sup2', 12)`,
  );
  published.exec(
    `INSERT INTO published VALUES (11, '${basename(HK)}U.json', '${folder}/products/${HK}/..', 2, 1000000000.5, 1.0, 'x', NULL, 10)`,
  );
  const request = 'solo_L1_stix-sci-xray-spec_20260901T000100-20260901T000110_V02';
  for (const [id, name, supplement, result] of [
    [12, `${request}_0000012345-00007.fits`, null, 10],
    [13, `${request}_0000012346-00007.fits`, request.replace('spec', 'spec-sup1'), 12],
    [14, 'solo_LL03_stix-ql-lightcurve_20260901T000000-20260901T235959_V02C.svg', null, 10],
  ] as const) {
    const row = published.prepare('INSERT INTO published VALUES (?, ?, ?, 2, 1000000000.5, 1.0, ?, ?, ?)');
    const esaname = name.startsWith(request) ? request : name.slice(0, -'.svg'.length);
    row.run(id, name, `${folder}/products`, esaname, supplement, result);
  }
  writeFileSync(join(folder, 'processed_files.txt'), 'k2.zip\n./k3.zip\nno archive\nlong-gone.zip\n');
  example.generate('kernel', 'spice/zips');
  const [zip = ''] = readdirSync(join(folder, 'spice/zips'));
  cpSync(join(folder, 'spice/zips', zip), join(folder, 'spice/zips/k3.zip'));
  cpSync(join(folder, 'spice/zips', zip), join(folder, 'spice/zips/k2.zip'));
  const {
    logs,
    daily: days,
    published: out,
    unpacked,
    problems,
  } = await old.read({ processedFiles: join(folder, 'processed_files.txt') });
  assert.deepEqual(
    [logs.done.toSorted(), logs.withErrors, logs.old, logs.elsewhere],
    [[...old.telemetry, mark as string].toSorted(), [errors], [ancient], 1],
  );
  const open = new Map(logs.open.map(({ path, why }) => [path, why.split(',')[0]]));
  const twice = 'others have its name';
  assert.equal(open.get(begun as string), 'it was begun');
  assert.deepEqual([open.size, open.get(fresh as string), open.get(`twice/${fresh}`)], [3, twice, twice]);
  assert.deepEqual(days?.runs, []);
  assert.deepEqual(
    out?.survey.rows.map(({ path, result, supplement, publicName, baseName }) => [
      path,
      result,
      supplement,
      publicName,
      baseName,
    ]),
    [
      ['c.fits', 'error', undefined, 'c.fits', 'solo_c.fits'],
      ['d.fits', 'supplement', 2, 'solo_d-sup2.fits', 'solo_d.fits'],
      [`${HK}U.json`, 'published', undefined, basename(`${HK}.json`), 'x.json'],
      [
        `${request}_0000012345-00007.fits`,
        'published',
        undefined,
        `${request}_0000012345-00007.fits`,
        `${request}.fits`,
      ],
      [
        `${request}_0000012346-00007.fits`,
        'supplement',
        1,
        `${request.replace('spec', 'spec-sup1')}_0000012346-00007.fits`,
        `${request}.fits`,
      ],
      [
        'solo_LL03_stix-ql-lightcurve_20260901T000000-20260901T235959_V02C.svg',
        'published',
        undefined,
        'solo_LL03_stix-ql-lightcurve_20260901T000000-20260901T235959_V02C.svg',
        'solo_LL03_stix-ql-lightcurve_20260901T000000-20260901T235959_V02C.svg',
      ],
    ],
  );
  assert.deepEqual([out?.survey.failed, out?.survey.gone, out?.survey.grown], [1, 5, [`${HK}U.json`]]);
  assert.deepEqual([unpacked?.survey.done, unpacked?.survey.gone], [[], 1]);
  assert.match(unpacked?.survey.missing[0]?.why ?? '', /clock.json of it is not in/);
  const short = problems.map((each) => each.replaceAll(folder, ''));
  assert.deepEqual(short.map((each) => each.split(': ').slice(0, 2).join(': ').slice(0, 60)).length, 7);
  for (const expected of [
    /\.out: 2 files have this name/,
    /\.out:1: this is no path of a product/,
    /^\/processed\.sqlite: row 5: its version is no whole number; it is left$/,
    /^\/processed\.sqlite: row 6: its p_date is no time; it is left$/,
    /^\/published\.sqlite: row 7: .* is not in \/products; it is left$/,
    /^\/published\.sqlite: row 8: its result 99 is none that STIXCore writes; it is left$/,
    /^\/processed_files\.txt:3: this is no name of an archive; the line is left$/,
  ])
    assert.ok(
      short.some((each) => expected.test(each)),
      `${expected} in\n${short.join('\n')}`,
    );
  // What was really unpacked counts.
  writeFileSync(
    join(folder, 'home/clock.json'),
    '{"flown":"2026-10-01","predicted":"2027-01-01","offset":0.25}',
  );
  const survey = await old.read({ processedFiles: join(folder, 'processed_files.txt') });
  assert.deepEqual(survey.unpacked?.survey.done, ['k2.zip', 'k3.zip']);
  const taken = await old.apply(survey, true);
  assert.deepEqual(
    [taken.archives, taken.published.taken, taken.inputs.taken],
    [{ taken: 2, known: 0 }, 6, 3],
  );
  assert.deepEqual((await old.apply(survey)).archives, { taken: 0, known: 2 });
  const history = readHistory(historyPath(join(folder, 'vahti'), 'publish'));
  assert.ok(history.ok);
  assert.deepEqual(history.value.counts(), { error: 1, published: 3, supplement: 2 });
  history.value.close();
});

test('refused while a daemon runs, and where there is no such inbox', async (t) => {
  leakCheck(t);
  const old = await oldInstallation(t, false);
  const survey = await old.read();
  mkdirSync(join(old.folder, 'vahti'));
  const held = lockFolder(join(old.folder, 'vahti'), { what: 'vahti up', clock: systemClock });
  assert.ok(held.ok);
  await assert.rejects(old.apply(survey), /"kind":"locked".*vahti up.*end it first: vahti down/);
  held.value.release();
  const pipeline = {
    name: 'p',
    plan: planOf(old.folder, { ...old.config }),
    folder: '',
    socket: '',
    state: '',
  };
  const ini = join(old.folder, 'other.ini');
  writeFileSync(ini, '[Paths]\ntm_archive = /elsewhere\n[Pipeline]\nlog_dir = /none\n');
  const found = await surveyState({ files: [ini], pipeline, jobs: [] });
  assert.match(JSON.stringify(found), /no inbox of p is tm_archive/);
});
