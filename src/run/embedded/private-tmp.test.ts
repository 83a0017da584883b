import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { createTestService } from '../../../test/rig/embedded.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { lookupUser, type User } from '../../core/processes.ts';
import { clearPrivateTmp, createPrivateTmp } from './private-tmp.ts';

function tmpBelow(state: string, user?: User) {
  const root = path.join(state, 'tmp');
  const who = user === undefined ? {} : { user };
  return { root, tmp: createPrivateTmp({ root, ...who, clock: systemClock, log: silentLog }) };
}

test('each life has a folder of its own, which is gone with all that is in it when the life is', async (t) => {
  const { root, tmp } = tmpBelow(tempFolder(t));
  const { service, rig } = await createTestService(t, { spec: { tmp } });
  service.start('person');
  const child = await rig.nextChild();
  const env = await child.env();
  const folder = env['TMPDIR'] ?? '';
  assert.deepEqual([env['TMP'], env['TEMP'], path.dirname(folder)], [folder, folder, root]);
  assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
  fs.mkdirSync(path.join(folder, 'a/b'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'a/b/c'), 'left over');
  fs.symlinkSync('/', path.join(folder, 'everything'));
  child.exit(1);
  const second = await rig.nextChild();
  assert.notEqual((await second.env())['TMPDIR'], folder);
  await until(() => !fs.existsSync(folder), { what: 'the first folder to be gone' });
  service.stop('person');
  await service.dispose();
  assert.deepEqual(fs.readdirSync(root), []);
});

test('what a killed daemon left is removed, and nothing outside of it', async (t) => {
  leakCheck(t);
  const state = tempFolder(t);
  const { root, tmp } = tmpBelow(state);
  const precious = path.join(state, 'precious');
  fs.mkdirSync(precious);
  fs.writeFileSync(path.join(precious, 'file'), 'mine');
  const folder = tmp.make('svc.LIFE');
  assert.ok(folder.ok);
  fs.symlinkSync(precious, path.join(folder.value, 'link'));
  fs.symlinkSync(precious, path.join(root, 'other'));
  const where = { root, clock: systemClock, log: silentLog };
  await clearPrivateTmp(where, ['STATE/svc/LIFE']);
  assert.deepEqual(fs.readdirSync(root), ['svc.LIFE'], 'a life that could not be ended keeps its folder');
  await clearPrivateTmp(where);
  assert.deepEqual(fs.readdirSync(root), []);
  assert.deepEqual(fs.readdirSync(precious), ['file']);
  await clearPrivateTmp({ root: path.join(state, 'never-made'), clock: systemClock, log: silentLog });
});

test('a folder that cannot be made is a start that failed', async (t) => {
  const state = tempFolder(t);
  fs.writeFileSync(path.join(state, 'tmp'), 'a file');
  const { service, messages } = await createTestService(t, { spec: { tmp: tmpBelow(state).tmp } });
  service.start('person');
  await until(() => messages('exit').length > 0, { what: 'the failed start' });
  assert.match(messages('exit')[0] ?? '', /^cannot start "\S+": no folder for temporary files: /);
  service.stop('person');
});

const root = process.geteuid?.() === 0;
test('another user reaches its folder through a closed state folder, and nothing else there', {
  skip: !root && 'needs root',
}, async (t) => {
  const user = await lookupUser('nobody');
  assert.ok(user !== undefined);
  const state = path.join(tempFolder(t), 'state');
  fs.mkdirSync(state, { mode: 0o700 });
  fs.writeFileSync(path.join(state, 'records.db'), 'secret', { mode: 0o644 });
  const { tmp } = tmpBelow(state, user);
  const script = `umask 022; echo x > "$TMPDIR/x" && stat -c '%U %a' "$TMPDIR"; cat ${state}/records.db 2>&1; ls ${state} 2>&1; exec sleep 1000`;
  const { service, messages } = await createTestService(t, {
    spec: { tmp, user, argv: ['sh', '-c', script] },
  });
  service.start('person');
  await until(() => messages('log').length === 3, { what: 'three lines' });
  const [own, record, list] = messages('log');
  assert.equal(own, 'nobody 700');
  assert.match(record ?? '', /Permission denied/);
  assert.match(list ?? '', /Permission denied/);
  service.stop('person');
  await within(service.dispose(), { what: 'the end' });
  assert.deepEqual(fs.readdirSync(path.join(state, 'tmp')), []);
  fs.chmodSync(path.dirname(state), 0o700);
  const barred = tmp.make('svc.LIFE2');
  assert.deepEqual(barred, {
    ok: false,
    error: `user "nobody" cannot enter ${path.dirname(state)}, for \`tmp: private\``,
  });
  fs.chmodSync(path.dirname(state), 0o755);
});
