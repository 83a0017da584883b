import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeFrame } from '../../src/wire/atproto/encode-frame.ts';
import { joinFrames } from '../../src/wire/atproto/frames-file.ts';
import { createRig } from '../rig/child.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon, startVahti, vahti } from '../rig/vahti.ts';
import { blocked, config, course, freePort, running, SLEEP } from '../rig/needs.ts';

test('each starts when what it needs is there: by descriptor, line, HTTP and TCP, whatever their order in the config', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const [http, tcp] = [await freePort(), await freePort()];
  const serve = (script: string): string[] => [process.execPath, '-e', script];
  const yaml = config({
    last: { ...SLEEP, needs: ['tcp ready', 'plain'] },
    tcp: {
      run: serve(`require('node:net').createServer().listen(${tcp}, '127.0.0.1')`),
      needs: ['http ready'],
      ready: { tcp: `127.0.0.1:${tcp}` },
    },
    http: {
      run: serve(
        `require('node:http').createServer((_, answer) => answer.end()).listen(${http}, '127.0.0.1')`,
      ),
      needs: ['line ready'],
      ready: { http: `http://127.0.0.1:${http}/`, expect: 'status == 200' },
    },
    line: { run: rig.argv, env: rig.env, needs: ['fd ready'], ready: { line: 'open for business' } },
    fd: { run: ['sh', '-c', 'echo >&3; exec sleep 1000'], ready: { fd: 3 } },
    plain: SLEEP,
  });
  const daemon = await startDaemon(t, yaml);
  const line = await rig.nextChild();
  assert.equal((await daemon.service('fd')).ready, true);
  const http1 = await blocked(daemon, 'http', 'line ready');
  assert.deepEqual([http1.wanted, http1.pid], [true, null]);
  await Promise.all([blocked(daemon, 'tcp', 'http ready'), blocked(daemon, 'last', 'tcp ready')]);
  const [status, explain, plan] = await Promise.all([
    daemon.cli('status'),
    daemon.cli('explain', 'http'),
    daemon.cli('plan'),
  ]);
  assert.match(status.stdout, /^http +blocked .* waits for line ready$/m);
  assert.match(status.stdout, /^line +running .* not ready yet$/m);
  assert.deepEqual(
    status.stdout.match(/^(last|tcp|http|line|fd|plain)\b/gm),
    ['last', 'tcp', 'http', 'line', 'fd', 'plain'],
    'shown in the order of the config',
  );
  assert.match(explain.stdout, /^It is blocked since .*: it waits for line ready\.$/m);
  assert.match(explain.stdout, /^It needs line ready: line runs, but is not ready yet\.$/m);
  assert.match(
    explain.stdout,
    /^Next: it is started as soon as line ready is there, or at once by: vahti start http$/m,
  );
  assert.match(plan.stdout, /^order +fd, plain → line → http → tcp → last$/m);
  assert.match(plan.stdout, /^ +needs +tcp ready, plain$/m);
  assert.match(plan.stdout, /^ +ready +a newline on descriptor 3, within 1m$/m);
  await line.print('stdout', 'open for business\n');
  await running(daemon, 'last');
  const { seen } = await course(daemon);
  const order = seen.filter((each) => / (start|ready)$/.test(each) && each !== 'plain start');
  assert.deepEqual(order, [
    'fd start',
    'fd ready',
    'line start',
    'line ready',
    'http start',
    'http ready',
    'tcp start',
    'tcp ready',
    'last start',
  ]);
  const ready = (await daemon.records('line', '--kind', 'flip')).at(-1);
  assert.match(ready?.message ?? '', /^ready after .*: a line with "open for business"$/);
  assert.ok(typeof ready?.fields?.['ms'] === 'number');
  assert.match(
    (await daemon.cli('explain', 'line')).stdout,
    /^It became ready .* after its start: a line with/m,
  );
  assert.match((await daemon.cli('explain', 'fd')).stdout, /^Needed by line: a new life/m);
});

test('a collector is ready at its first commit, and not before', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const frame = encodeFrame({
    kind: 'identity',
    seq: 10,
    did: 'did:plc:testtesttesttest',
    time: new Date().toISOString(),
    handle: 'someone.example',
  });
  writeFileSync(join(folder, 'frames.bin'), joinFrames([frame]));
  const port = await freePort();
  const from = `ws://127.0.0.1:${port}/xrpc/com.atproto.sync.subscribeRepos`;
  const yaml = config({
    reducer: { ...SLEEP, needs: ['firehose ready'] },
    firehose: { collect: { from, into: 'data', cursor: 'oldest' } },
  });
  const daemon = await startDaemon(t, yaml, folder);
  await daemon.waitFor('firehose', 'to look for its source', ({ figures }) => figures !== null);
  assert.equal((await daemon.service('firehose')).ready, false);
  await blocked(daemon, 'reducer', 'firehose ready');
  startVahti(t, ['simulate', 'firehose', '--listen', `127.0.0.1:${port}`, '--frames', 'frames.bin'], folder);
  await running(daemon, 'reducer');
  const firehose = await daemon.service('firehose');
  assert.deepEqual([firehose.ready, firehose.figures?.lines], [true, 1]);
  assert.match(
    (await daemon.records('firehose', '--kind', 'flip')).at(-1)?.message ?? '',
    /^ready after .*: a newline on descriptor 3$/,
  );
});

test('what is not ready in time is ended and tried again as the lanes say; a person starts its dependent all the same', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(
    t,
    config({
      db: {
        run: ['sh', '-c', 'echo life >> lives; [ $(wc -l < lives) -ge 3 ] && echo up; exec sleep 1000'],
        ready: { line: 'up', within: '300ms' },
      },
      never: { ...SLEEP, ready: { fd: 3, within: '100ms' }, restart: { fast: 0, backoff: '1h' } },
      web: { ...SLEEP, needs: ['never ready'] },
      app: { ...SLEEP, needs: ['db ready'] },
    }),
  );
  await running(daemon, 'app');
  const { seen } = await course(daemon);
  assert.deepEqual(
    seen.filter((each) => /^(db|app) /.test(each)),
    [
      'db start',
      'app blocked',
      'db late',
      'db exit',
      'db start',
      'db late',
      'db exit',
      'db start',
      'db ready',
      'app start',
    ],
  );
  const never = await daemon.waitFor('never', 'to wait', ({ state }) => state === 'waiting');
  assert.deepEqual([never.lane, never.failures], ['backoff', 1]);
  assert.match(
    (await daemon.records('never', '--kind', 'flip')).map(({ message }) => message).join('\n'),
    /^not ready within 100ms: descriptor 3 got no newline\nbackoff lane: 1 failures in a row; next try at /,
  );
  await blocked(daemon, 'web', 'never ready');
  assert.match(
    (await daemon.cli('explain', 'web')).stdout,
    /^It needs never ready: never is waiting since /m,
  );
  const start = await daemon.cli('start', 'web');
  assert.deepEqual([start.code, /^web started \(pid \d+\)\n$/.test(start.stdout)], [0, true]);
});

test('a reload changes needs without a restart, and waits for them where it starts something', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const db = { run: rig.argv, env: rig.env, ready: { line: 'up' } };
  const daemon = await startDaemon(t, config({ db, web: { ...SLEEP, needs: ['db ready'] }, app: SLEEP }));
  await rig.nextChild();
  await blocked(daemon, 'web', 'db ready');
  const app = await running(daemon, 'app');
  const write = (services: Record<string, unknown>) =>
    writeFileSync(join(daemon.folder, 'vahti.yaml'), config(services));
  write({ db, web: { ...SLEEP, needs: ['app'] }, app: { ...SLEEP, needs: ['db ready'] } });
  assert.match(
    (await daemon.cli('plan')).stdout,
    /A reload would:\n +leave +db\n +update +web \(needs\)\n +update +app \(needs\)\n$/,
  );
  const reload = await daemon.cli('reload');
  assert.deepEqual([reload.code, reload.stdout], [0, 'update  web\nupdate  app\n']);
  const web = await running(daemon, 'web');
  assert.deepEqual(
    [(await daemon.service('app')).pid, (await daemon.service('app')).waitsFor],
    [app.pid, ['db ready']],
  );
  write({
    db: { ...db, env: { ...rig.env, A: '1' } },
    web: { ...SLEEP, needs: ['app'], env: { A: '1' } },
    app: SLEEP,
  });
  assert.equal((await daemon.cli('reload')).code, 0);
  await rig.nextChild();
  assert.notEqual((await running(daemon, 'web', web.pid)).pid, web.pid);
  assert.equal((await daemon.service('app')).pid, app.pid);
});

test('every mistake in needs and ready is told at once, where it is', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(
    join(folder, 'vahti.yaml'),
    `services:
  database: { run: [sleep, "1"] }
  a: { run: [sleep, "1"], needs: [databse, a, database ready, b raedy, b, b] }
  b: { run: [sleep, "1"], needs: [c], ready: { fd: 3, tcp: "h:1" } }
  c: { run: [sleep, "1"], needs: [a ready], ready: { every: 1s } }
  d: { run: [sleep, "1"], ready: { line: up, every: 1s, expect: status } }
  e: { run: [sleep, "1"], ready: { http: "http://me:secret@h/", expect: stats == 200 } }
  f: { run: [sleep, "1"], ready: { tcp: "h:70000" } }
  g: { collect: { from: "ws://127.0.0.1:1/", into: data }, ready: { line: up } }
`,
  );
  const { code, stderr, stdout } = await vahti(t, ['check'], folder);
  assert.equal(code, 2);
  const said = stdout + stderr;
  for (const message of [
    '3:35: error: cannot need "databse": no such service, did you mean "database"?',
    '3:44: error: cannot need "a" in a itself',
    'cannot wait for "database ready": database has no way to say so; give it `ready:`, or write only database',
    'cannot read the need "b raedy": write NAME, or NAME ready, did you mean "ready"?',
    'cannot need b twice: once is enough',
    'cannot start b, c and a: a needs b needs c needs a',
    'cannot tell when "b" is ready: write exactly one of fd, line, http, tcp; it has fd and tcp',
    'cannot tell when "c" is ready: write exactly one of fd, line, http, tcp; it has none of them',
    'cannot use every here: it is for http and tcp',
    'cannot use expect here: it is for http',
    'cannot take a user or a password in this address: it is shown',
    'cannot find "stats" among the values here, did you mean "status"?',
    'cannot use the port 70000: it is 1 to 65535',
    'cannot use ready for "g": a built-in kind says it by itself',
  ])
    assert.ok(said.includes(message), `${message}\nis not in\n${said}`);
});
