import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HUB_KEEP } from '../../../../test/rig/hub-threads.ts';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { systemClock } from '../../../core/clock.ts';
import { lockFolder } from '../../../core/folder-lock.ts';
import { openHubStore } from '../../../hub/threads/hub-store.ts';
import { finishImport } from '../import-config.ts';
import { importBitahoy } from './import-bitahoy.ts';
import { surveyDump } from './survey-dump.ts';
import { takeOver } from './take-over.ts';

test('the environment of the old service becomes a hub', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, '.env');
  writeFileSync(
    file,
    '# comment\nCLEANUP_INTERVAL = 5\nLOGS_TIMEWINDOW="3600"\nDB_HOST=db\nDB_PASS=\'x\'\nexport FOO=1\n',
  );
  const { text, diagnostics } = await finishImport(
    importBitahoy({ file, listen: '127.0.0.1:7080' }),
    'vahti import bitahoy .env',
    { folder },
  );
  assert.deepEqual(diagnostics, []);
  assert.match(
    text ?? '',
    /hub:\n {2}listen: "127\.0\.0\.1:7080"\n {2}keep: \{ logs: 1h, notifications: 3650d \}\n {2}clean-up: 5s\n/,
  );
  assert.match(text ?? '', /# DB_HOST, DB_PASS: .*bitahoy-tables/);
  assert.match(text ?? '', /# not taken over: FOO/);
  assert.ok(!text?.includes("'x'"), 'no secret in it');
});

test('what is wrong in the environment is told all at once, with its lines', (t) => {
  const file = join(tempFolder(t), '.env');
  writeFileSync(file, 'X Y\nCLEANUP_INTERVAL=0\nLOGS_TIMEWINDOW=1h\n');
  const { draft, diagnostics } = importBitahoy({ file, listen: '127.0.0.1:7080' });
  assert.equal(draft, undefined);
  assert.deepEqual(
    diagnostics.map(({ line, message }) => `${line} ${message}`),
    [
      '1 cannot read this line: write NAME=value',
      '2 cannot use this value of CLEANUP_INTERVAL: write whole seconds',
      '3 cannot use this value of LOGS_TIMEWINDOW: write whole seconds',
    ],
  );
});

const DUMP = String.raw`COPY public.configs (wdcode, config) FROM stdin;
1000000000000001	\\x7b2261223a317d
\.
COPY public.logs (wdcode, level, "time", sender, message, id) FROM stdin;
1000000000000001	30	2026-07-01 12:00:00.25	s2	second	7
1000000000000001	10	2026-07-01 11:59:00	s1	first\n{	3
1000000000000002	\N	2026-07-01 12:00:00	s1	no level	4
\.
COPY public.notifications (wdcode, level, "time", sender, message, id) FROM stdin;
1000000000000001	20	2026-07-01 12:00:00	Bridge	Watchdog started	3
\.
COPY public.statistics (wdcode, uid, deviceid, statistic, "time", value) FROM stdin;
1000000000000001	7	1	DDoS	2026-07-01 12:00:00	3
\.
`;

test('the rows of the old tables come into the hub once, in the order of their ids, with times of the zone that is named', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'dump.sql');
  writeFileSync(file, DUMP);
  const hub = { folder: join(folder, 'hub'), keep: HUB_KEEP };
  for (const [stored, doubled, keptConfigs] of [
    [3, 0, 0],
    [0, 3, 1],
  ] as const) {
    const survey = await surveyDump(file, 'Europe/Helsinki');
    assert.ok(survey.ok);
    assert.deepEqual(survey.value.problems, ['line 7: level is no whole number of 32 bits']);
    const taken = await takeOver(survey.value, hub, systemClock, () => {});
    assert.deepEqual(taken, { ok: true, value: { stored, doubled, keptConfigs } });
    survey.value.rows.close();
  }
  const store = await openHubStore({
    folder: join(hub.folder, 'store'),
    keep: HUB_KEEP,
    clock: systemClock,
    note: () => {},
    died: (error) => assert.fail(error),
  });
  const page = await store.newest({ limit: 10 }, 5000);
  assert.ok(page.ok);
  assert.deepEqual(
    page.value.rows
      .toSorted((a, b) => a.position - b.position)
      .map(({ agent, kind, level, sender, message, time }) => [
        agent.at(-1),
        kind,
        level,
        sender,
        message,
        time,
      ]),
    [
      ['1', 'log', 13, 's1', 'first\n{', Date.UTC(2026, 6, 1, 8, 59) * 1000],
      ['1', 'log', 9, 's2', 'second', Date.UTC(2026, 6, 1, 9) * 1000 + 250_000],
      ['1', 'notification', 10, 'Bridge', 'Watchdog started', Date.UTC(2026, 6, 1, 9) * 1000],
    ],
  );
  await store.close();
});

test('nothing comes into a hub that runs, nor out of what is no whole dump', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'dump.sql');
  writeFileSync(file, DUMP);
  const lock = lockFolder(folder, { what: 'the hub' });
  assert.ok(lock.ok);
  const survey = await surveyDump(file, 'UTC');
  assert.ok(survey.ok);
  const taken = await takeOver(survey.value, { folder, keep: HUB_KEEP }, systemClock, () => {});
  survey.value.rows.close();
  lock.value.release();
  assert.ok(!taken.ok);
  assert.match(taken.error, /the hub .*stop the hub first: vahti stop hub$/);
  for (const [text, why] of [
    [DUMP.slice(0, DUMP.indexOf('no level')), /it breaks off in the table logs/],
    ['nothing\n', /it has no rows/],
  ] as const) {
    writeFileSync(file, text);
    const cut = await surveyDump(file, 'UTC');
    assert.ok(!cut.ok);
    assert.match(cut.error, why);
  }
});
