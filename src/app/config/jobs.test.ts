import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import { loadConfig } from './load.ts';

async function load(
  t: TestContext,
  text: string,
): Promise<{ readonly jobs: readonly PlannedJob[]; readonly said: readonly string[] }> {
  const file = join(tempFolder(t), 'vahti.yaml');
  writeFileSync(file, text);
  const { plan, diagnostics } = await loadConfig(file);
  const said = diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ line, column, message }) => `${line}:${column} ${message}`);
  return { jobs: plan?.jobs ?? [], said };
}

test('what is written becomes a job with everything decided', async (t) => {
  const { jobs, said } = await load(
    t,
    `zone: Europe/Zurich
jobs:
  a: { at: ["40 3 * * *", daily UTC], run: true 'x y', jitter: 5m, retry: 3 every 10m, late: 2h, locks: [raw], nice: 5 }
  b: { after: [a, c failed], run: ["true"], missed: all, max-age: 2d, timeout: 10m, late: "06:00" }
  c: { at: hourly, run: "true", before: "false", before-fails: skip, env: { A: 1 }, cwd: / }
`,
  );
  assert.deepEqual(said, []);
  const [a, b, c] = jobs;
  assert.deepEqual(a?.at, [
    { cron: '40 3 * * *', zone: 'Europe/Zurich' },
    { cron: '0 0 * * *', zone: 'UTC' },
  ]);
  assert.deepEqual(
    [a.argv, a.jitterMs, a.retry, a.late, a.locks, a.nice],
    [['true', 'x y'], 300_000, { times: 3, everyMs: 600_000 }, { afterMs: 7_200_000 }, ['raw'], 5],
  );
  assert.deepEqual(b?.after, [
    { job: 'a', on: 'ok' },
    { job: 'c', on: 'failed' },
  ]);
  assert.deepEqual(
    [b.missed, b.maxAgeMs, b.timeoutMs, b.late],
    ['all', 172_800_000, 600_000, { by: { cron: '0 6 * * *', zone: 'Europe/Zurich' } }],
  );
  assert.deepEqual(
    [c?.before, c?.env, c?.cwd, c?.missed, c?.timeoutMs],
    [{ argv: ['false'], fails: 'skip' }, { A: '1' }, '/', 'once', 21_600_000],
  );
});

test('hours, windows and locks of a job are in the zone of the config; mistakes in them have their places', async (t) => {
  const { jobs, said } = await load(
    t,
    `zone: Europe/Zurich
services:
  web: { run: sleep 1, locks: disk }
jobs:
  a: { at: hourly, run: "true", hours: Mon-Fri 08:00-18:00, locks: disk, quiet: [{ when: "Sun 02:00-04:00", why: disks }] }
`,
  );
  assert.deepEqual(said, []);
  assert.deepEqual(jobs[0]?.hours, { days: [1, 2, 3, 4, 5], from: 480, to: 1080, zone: 'Europe/Zurich' });
  assert.deepEqual(
    jobs[0].quiet?.map(({ window, why }) => [window.kind === 'weekly' && window.hours.zone, why]),
    [['Europe/Zurich', 'disks']],
  );
  const wrong = await load(
    t,
    `services:
  web: { run: sleep 1, locks: [] }
jobs:
  a: { at: hourly, run: "true", hours: Mon-Fri 8-18, locks: 3, quiet: [{ when: never, why: x }] }
`,
  );
  assert.deepEqual(
    wrong.said.map((text) => text.replace(/:? write .*/, '')),
    [
      '2:31 cannot use this value',
      '4:61 cannot use this value',
      '4:40 cannot read "Mon-Fri 8-18" as hours',
      '4:80 cannot read "never" as hours',
    ],
  );
});

test('every mistake comes at once, with its place and what was meant', async (t) => {
  const { said } = await load(
    t,
    `jobs:
  Bad Name: { at: daily, run: "true" }
  a: { after: b, run: "true" }
  b: { after: [a failed, wat], run: "true", notify: ops }
  c: { at: [daily, 25:00], runn: "true" }
  d: { at: dailyy, run: "true", retry: 3 evry 1m, nicee: 3 }
  hello: { after: hello, run: "true", late: 0s, before-fails: run }
  helo: { after: hallo, run: "true" }
  e: [1]
  f: { at: daily, run: "true", user: nobody-at-all, cwd: missing, env: { VAHTI_LIFE: x } }
`,
  );
  const expected: readonly (readonly [string, RegExp])[] = [
    ['2:3', /cannot name a job "Bad Name"/],
    ['3:15', /cannot follow a circle: a after b after a/],
    ['4:26', /cannot run after "wat": no such job/],
    ['4:53', /cannot find a channel "ops" \(there are none\)/],
    ['5:3', /cannot tell what the job "c" does: .*did you mean "run"\?/],
    ['5:20', /cannot read "25:00" as a time/],
    ['6:12', /cannot read "dailyy" as a time/],
    ['6:40', /cannot use "3 evry 1m": write a number of retries/],
    ['6:51', /cannot use the key "nicee" in jobs.d, did you mean "nice"\?/],
    ['7:19', /cannot run hello after itself/],
    ['7:45', /cannot be late at once/],
    ['7:49', /cannot use before-fails without before/],
    ['8:18', /cannot run after "hallo": no such job, did you mean "hello"\?/],
    ['9:6', /cannot use this for e: it takes keys and values/],
    ['10:38', /cannot run as "nobody-at-all"/],
    ['10:58', /cannot run f in .*missing: no such folder/],
    ['10:74', /cannot set VAHTI_LIFE/],
  ];
  for (const [place, why] of expected)
    assert.ok(
      said.some((each) => each.startsWith(`${place} `) && why.test(each)),
      `${place} ${why}\n${said.join('\n')}`,
    );
  assert.equal(said.length, expected.length, said.join('\n'));
});
