import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import {
  planOf,
  type PipelineRig,
  pipelineRig,
  type Running,
  untilTraced,
} from '../../../test/rig/pipeline.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { silentLog } from '../../core/log.ts';
import { configText } from './config-text.ts';
import { serveStatus, type StatusServer } from './serve.ts';

const MOMENT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/;

const CONFIG = {
  version: 3,
  parallel: 1,
  steps: {
    LB: {
      from: 'inbox',
      run: [
        'sh',
        '-c',
        'grep -q bad {in} && { echo it is bad >&2; exit 3; }; echo $1 >> $TRACE; while grep -q slow {in} && ! [ -e go ]; do sleep 0.02; done; cp {in} {out}/{stem}.lb',
        'sh',
        '{name}',
        '--token=abc',
        '--password',
        'hidden',
        'https://me:pw@far.example/x',
      ],
      env: { API_KEY: 'key-of-mine' },
    },
    L0: { from: 'LB', run: ['cp', '{in}', '{out}/{stem}.l0'], version: 4 },
  },
};

interface Served {
  readonly rig: PipelineRig;
  readonly running: Running;
  readonly server: StatusServer;
  ask(line: string): Promise<string[]>;
}

async function served(t: TestContext): Promise<Served> {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  const running = rig.start();
  const server = await serve(t, running, 0);
  return { rig, running, server, ask: (line) => ask(server.port, line) };
}

async function serve(t: TestContext, { pipeline }: Running, port: number): Promise<StatusServer> {
  const opened = await serveStatus({ host: '127.0.0.1', port }, pipeline, silentLog, { program: '1.2.3' });
  if (!opened.ok) throw new Error(opened.error);
  onEnd(t, () => opened.value.close());
  return opened.value;
}

/** Sends bytes, reads to the end; the lines without the last newline. */
function ask(port: number, line: string): Promise<string[]> {
  const answer = new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${line}\n`));
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => resolve(text)).on('error', reject);
  });
  return within(answer, { what: `the answer to ${line.slice(0, 20)}`, deadlineMs: 5000 }).then((text) => {
    assert.match(text, /\n$/);
    return text.slice(0, -1).split('\n');
  });
}

test('D1: next, last, current, error, config and open answer as the protocol has them', async (t) => {
  const { rig, running, ask: asks } = await served(t);
  assert.deepEqual(await asks('next'), ['open files: 0']);
  for (const command of ['last', 'current', 'error']) {
    const [path, moment = '', ...rest] = await asks(command);
    assert.equal(path, 'None', command);
    assert.match(moment, MOMENT);
    assert.deepEqual(rest, []);
  }
  assert.deepEqual(await asks('open'), ['None']);
  rig.deliver('good.in', 'good');
  await running.settle();
  rig.deliver('sub/x.in', 'bad');
  await running.settle();
  const last = await asks('last');
  assert.equal(last[0], join(rig.folder, 'incoming/sub/x.in'));
  assert.match(last[1] ?? '', MOMENT);
  const [path, moment, why, log, ...rest] = await asks('error');
  assert.equal(path, join(rig.folder, 'incoming/sub/x.in'));
  assert.match(moment ?? '', MOMENT);
  assert.equal(why, 'LB: exit code 3: it is bad');
  assert.match(log ?? '', /\/logs\/\d+\.\d+\.log$/);
  assert.deepEqual(rest, []);
  const config = await asks('config');
  assert.deepEqual(config.slice(0, 3), ['PIPELINE VERSION', 'vahti 1.2.3', 'p 3']);
  assert.deepEqual(config.slice(3, 7), ['PROCESSING VERSIONS', 'LB 3', 'L0 4', 'CONFIG']);
  assert.deepEqual(await asks('foo'), ['call cmd foo not found']);
  assert.deepEqual(await asks(''), ['call cmd  not found']);
  assert.equal((await asks('health'))[0], 'failing: 1 file');
});

test('D1: a file that is done after it failed is no error any more', async (t) => {
  const { rig, running, ask: asks } = await served(t);
  rig.deliver('a.in', 'bad');
  await running.settle();
  assert.equal((await asks('error'))[0], join(rig.folder, 'incoming/a.in'));
  rig.deliver('a.in', 'mended');
  await running.settle();
  await running.pipeline.retry({});
  await running.settle();
  assert.equal((await asks('error'))[0], 'None');
});

test('D2: 20 connections that say nothing do not hold up the 21st', async (t) => {
  const { server, ask: asks } = await served(t);
  const silent: Socket[] = [];
  onEnd(t, () => silent.forEach((socket) => socket.destroy()));
  for (let at = 0; at < 20; at++) silent.push(connect(server.port, '127.0.0.1').on('error', () => {}));
  await until(() => silent.every((socket) => socket.readyState === 'open'), { what: 'all to be connected' });
  const began = performance.now();
  assert.deepEqual(await asks('next'), ['open files: 0']);
  assert.ok(performance.now() - began < 1000);
});

test('D2: more silent connections than there may be push out the oldest, never the one that asks', async (t) => {
  const { server, ask: asks } = await served(t);
  const silent: Socket[] = [];
  onEnd(t, () => silent.forEach((socket) => socket.destroy()));
  let closed = 0;
  for (let at = 0; at < 230; at++) {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    silent.push(socket.on('close', () => closed++).resume());
  }
  await until(() => closed >= 30, { what: 'the oldest to be closed' });
  assert.deepEqual(await asks('next'), ['open files: 0']);
});

test('D3: an endpoint that is started anew binds at once, whatever its last connections are at', async (t) => {
  const { running, server, ask: asks } = await served(t);
  for (let at = 0; at < 5; at++) await asks('next');
  const held = connect(server.port, '127.0.0.1').on('error', () => {});
  onEnd(t, () => held.destroy());
  await until(() => held.readyState === 'open', { what: 'to be connected' });
  await server.close();
  const again = await serve(t, running, server.port);
  assert.equal(again.port, server.port);
  assert.deepEqual(await asks('next'), ['open files: 0']);
});

test('D3: an address that another process has is said with it', async (t) => {
  const { running, server } = await served(t);
  const second = await serveStatus({ host: '127.0.0.1', port: server.port }, running.pipeline, silentLog, {
    program: '1',
  });
  assert.deepEqual(second, {
    ok: false,
    error: `cannot show the status at 127.0.0.1:${server.port}: another process listens there`,
  });
});

test('D4: no request can stop it', async (t) => {
  const { server, ask: asks } = await served(t);
  for (const line of ['server', 'status_server', '__proto__', 'constructor', 'toString', 'x'.repeat(5000)])
    assert.match((await asks(line)).join('\n'), /^call cmd .{1,100} not found$/);
  assert.match((await asks('\u0000\u001b[2J'))[0] ?? '', /^call cmd ��\[2J not found$/);
  // Hung up in the middle, and at once.
  for (const piece of ['', 'ne']) {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    socket.write(piece, () => socket.resetAndDestroy());
    await new Promise((resolve) => socket.on('close', resolve));
  }
  assert.deepEqual(await asks('next'), ['open files: 0']);
});

test('D4: who closes its side without a newline is answered', async (t) => {
  const { server } = await served(t);
  const answer = new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }, () =>
      socket.end('next'),
    );
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => resolve(text)).on('error', reject);
  });
  assert.equal(await within(answer, { what: 'the answer' }), 'open files: 0\n');
});

test('D5: next and current together tell idle from busy', async (t) => {
  const { rig, running, ask: asks } = await served(t);
  rig.deliver('1.in', 'slow');
  rig.deliver('2.in', 'later');
  rig.deliver('3.in', 'later');
  await until(() => running.pipeline.look().then(() => rig.trace().includes('1.in')), { what: 'the run' });
  await untilTraced(rig, '1.in');
  await until(async () => (await asks('next'))[0] === 'open files: 2', { what: 'two to wait' });
  const [path, since = ''] = await asks('current');
  assert.equal(path, join(rig.folder, 'incoming/1.in'));
  assert.match(since, MOMENT);
  const open = (await asks('open')).map((line) => line.split('\t'));
  assert.deepEqual(
    open.map(([state, , file, why]) => [state, file, why]),
    [
      ['running', join(rig.folder, 'incoming/1.in'), 'LB'],
      ['ready', join(rig.folder, 'incoming/2.in'), undefined],
      ['ready', join(rig.folder, 'incoming/3.in'), undefined],
    ],
  );
  writeFileSync(join(rig.folder, 'go'), '');
  await running.settle();
  assert.deepEqual(await asks('next'), ['open files: 0']);
  assert.equal((await asks('current'))[0], 'None');
  assert.equal((await asks('health'))[0], 'ok');
});

test('D8: secrets are masked', async (t) => {
  const { ask: asks } = await served(t);
  const text = (await asks('config')).join('\n');
  for (const secret of ['abc', 'hidden', 'me:pw', 'key-of-mine'])
    assert.equal(text.includes(secret), false, secret);
  for (const shown of ['--token=…', 'https://…@far.example/x', 'API_KEY', '"cp"'])
    assert.ok(text.includes(shown), shown);
});

test('D8: the word after --token is masked in the command of a gate, as it is in that of a step', () => {
  const gate = { run: ['check', '--token', 's3cr3t', '--key=open', '{in}'] };
  const plan = planOf('/data', { ...CONFIG, inbox: { root: 'incoming', gate } });
  const text = configText({ name: 'p', plan }, '1.2.3');
  assert.equal(text.includes('s3cr3t'), false);
  for (const shown of ['"--token"', '"--key=open"', '"{in}"']) assert.ok(text.includes(shown), shown);
});
