import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { registerQueries } from '../../src/hub/queries/routes.ts';
import type { Row } from '../../src/wire/hub/row.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createSender } from '../rig/hub-asking.ts';
import { hubRow } from '../rig/hub-rows.ts';
import { startHub } from '../rig/hub-server.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { jsonLines, startVahti, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

test('vahti logs asks a hub for many hosts, follows over a restart of it, and says what it cannot do', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const hub = await startHub(t, { routes: [registerQueries] });
  const send = createSender(hub);
  await send('alpha', [
    { service: 'web', host: 'alpha', message: 'GET / 200' },
    { service: 'db', host: 'alpha', message: 'disk full', level: 17, fields: '{"free":0}' },
  ]);
  await send('beta', [{ service: 'web', host: 'box-7', message: 'GET /x 404', sender: 'stderr' }]);
  const env = { VAHTI_TOKEN: hub.userToken('ann', 'view') };
  const logs = async (...args: string[]) => {
    const ran = await vahti(t, ['logs', '--hub', hub.url, ...args], folder, env);
    return {
      ...ran,
      messages: ran.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => line.replace(/^\S+ +/, '')),
    };
  };
  const [all, two, json, wrong, stranger, nobody, local] = await Promise.all([
    logs(),
    logs('web', '-n', '1', '--sender', 'stderr', '--since', '1h'),
    logs('--agent', 'alpha', '--field', 'free=0', '--matches', 'f.ll$', '--level', 'warn', '--json'),
    logs('--matches', '('),
    vahti(t, ['logs', '--hub', hub.url], folder, { VAHTI_TOKEN: 'nonsense' }),
    vahti(t, ['logs', '--hub', 'http://127.0.0.1:9'], folder, env),
    vahti(t, ['logs', '--words', 'x'], folder),
  ]);
  assert.deepEqual(all.messages, [
    'INFO  alpha/web            GET / 200',
    'ERROR alpha/db             disk full',
    'INFO  beta(box-7)/web      GET /x 404',
  ]);
  assert.deepEqual(two.messages, ['INFO  beta(box-7)/web      GET /x 404']);
  assert.deepEqual(
    jsonLines<Row>(json.stdout).map(({ id, fields }) => ({ id, fields })),
    [{ id: 'alpha/2', fields: { free: 0 } }],
  );
  assert.deepEqual(
    [wrong.code, wrong.stderr],
    [2, 'cannot answer this: matches: the expression "(" cannot be used: missing closing ): `(`\n'],
  );
  assert.deepEqual([stranger.code, stranger.stderr], [2, 'cannot let you in: the token is not known\n']);
  assert.deepEqual(
    [nobody.code, nobody.stderr],
    [1, 'cannot ask the hub http://127.0.0.1:9: nothing listens there\n'],
  );
  assert.deepEqual(
    [local.code, local.stderr],
    [2, 'cannot look for --words here: only a hub can; add --hub\n'],
  );
  const following = startVahti(
    t,
    ['logs', '--hub', hub.url, '-f', '-n', '1', '--json', '--agent', 'beta'],
    folder,
    env,
  );
  const messages = () => jsonLines<Row>(following.output().stdout).map(({ message }) => message);
  await until(() => messages().length === 1, { what: 'the last line' });
  await send('beta', [{ message: 'next' }]);
  await send('alpha', [{ message: 'of another' }]);
  await until(() => messages().length === 2, { what: 'the next line' });
  await hub.close();
  await until(() => following.output().stderr.includes('trying again'), { what: 'the break to be told' });
  const again = await startHub(t, {
    folder: hub.folder,
    port: Number(new URL(hub.url).port),
    routes: [registerQueries],
  });
  again.userToken('ann', 'view');
  const {
    seq: _s,
    position: _p,
    received: _r,
    agent: _a,
    fields: _f,
    ...row
  } = hubRow({ time: systemClock.micros(), message: 'after' });
  await again.doors.intake.take('beta', [row]);
  await until(() => messages().length === 3, { what: 'what comes after the break' });
  following.kill('SIGTERM');
  assert.equal((await within(following.ended, { what: 'the command to end' })).code, 0);
  assert.deepEqual(messages(), ['GET /x 404', 'next', 'after']);
  writeFileSync(join(folder, 'vahti.yaml'), 'services: {}\n');
  const none = await vahti(t, ['logs', '--host', 'x'], folder);
  assert.deepEqual(
    [none.code, none.stderr],
    [2, 'cannot ask a hub: the config names none; write --hub URL, or hub: in the config\n'],
  );
});
