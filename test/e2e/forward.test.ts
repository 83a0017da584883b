import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { registerLoki } from '../../src/hub/protocols/loki/register.ts';
import { type Line, storedLines } from '../rig/foreign-doors.ts';
import { startHub } from '../rig/hub-server.ts';
import { leakCheck } from '../rig/leaks.ts';
import { startDaemon } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/** Lines without an end, some at a time. */
const TALKS = 'i=0; while :; do i=$((i+1)); echo "line $i"; if [ $((i % 20)) = 0 ]; then sleep 0.1; fi; done';

const idOf = ({ fields }: Line): number => Number(String(fields['vahti_id']).split('/')[1]);

test('a daemon forwards its time line, goes on where it was when it was killed, and does what a reload says', async (t) => {
  leakCheck(t);
  const hub = await startHub(t, { routes: [registerLoki] });
  const env = { FAR: hub.agentToken('alpha') };
  const yaml = (more: string): string => `services:
  web: { run: [sh, -c, ${JSON.stringify(TALKS)}] }
forward:
  far: { loki: "${hub.url}", token: $FAR${more} }
`;
  const ids = async (): Promise<readonly number[]> => (await storedLines(hub.store)).map(idOf);
  const first = await startDaemon(t, yaml(''), undefined, env);
  await until(async () => (await ids()).length > 100, { what: 'the first lines' });
  first.process.kill('SIGKILL');
  await within(first.process.ended, { what: 'the daemon to be killed' });
  const before = Math.max(...(await ids()));
  const second = await startDaemon(t, yaml(''), first.folder, env);
  const began = await until(
    async () => (await storedLines(hub.store)).find(({ message }) => /^vahti .* began/.test(message)),
    { what: 'the first words of the next daemon' },
  );
  assert.equal(began.service, 'vahti');
  const all = [...new Set(await ids())].toSorted((a, b) => a - b);
  assert.ok(all.some((id) => id > before));
  const [least = 0] = all;
  assert.deepEqual(
    all,
    all.map((_, index) => least + index),
    'no record is missing',
  );
  writeFileSync(
    join(second.folder, 'vahti.yaml'),
    yaml(', services: [other]').replace('services:', 'services:\n  other: { run: [sleep, "1000"] }'),
  );
  assert.equal((await second.cli('reload')).code, 0);
  const [newest] = await second.records('-n', '1');
  assert.equal((await second.cli('stop', 'other')).code, 0);
  const since = newest?.seq ?? Number.NaN;
  const behind = await until(
    async () => {
      const lines = (await storedLines(hub.store)).filter((line) => idOf(line) > since);
      return lines.length > 0 && lines;
    },
    { what: 'the end of the other service' },
  );
  assert.deepEqual([...new Set(behind.map(({ service }) => service))], ['other']);
});
