import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { isAlive, startVahti, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

const YAML = `
services:
  tm:
    pipeline:
      inbox: { root: incoming, match: "**/*.in", settle: 10ms, scan: 200ms }
      products: products
      steps:
        LB:
          from: inbox
          run: [sh, -c, 'echo "$1" >> trace; if grep -q bad "$2"; then exit 3; fi; while [ -e wait ]; do sleep 0.02; done; cp "$2" "$3"', sh, "{name}", "{in}", "{out}"]
          to: "LB/{name}"
`;

interface Checkout {
  readonly folder: string;
  deliver(name: string, text: string): void;
  /** Runs `vahti pipeline ARGS`; its standard output. */
  cli(...args: string[]): Promise<string>;
  /** The first line of its standard error, and its exit code. */
  refused(...args: string[]): Promise<readonly [number | null, string]>;
  trace(): readonly string[];
}

function checkout(t: TestContext): Checkout {
  leakCheck(t);
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'incoming'));
  writeFileSync(join(folder, 'vahti.yaml'), YAML);
  return {
    folder,
    deliver(name, text) {
      writeFileSync(join(folder, `.${name}`), text);
      renameSync(join(folder, `.${name}`), join(folder, 'incoming', name));
    },
    async cli(...args) {
      const { code, stdout, stderr } = await vahti(t, ['pipeline', ...args], folder);
      assert.equal(code, 0, stderr);
      return stdout;
    },
    async refused(...args) {
      const { code, stderr } = await vahti(t, ['pipeline', ...args], folder);
      return [code, stderr.split('\n')[0] ?? ''];
    },
    trace: () =>
      existsSync(join(folder, 'trace'))
        ? readFileSync(join(folder, 'trace'), 'utf8').split('\n').slice(0, -1)
        : [],
  };
}

test('the commands of a pipeline, before its first start, while it runs and after it', async (t) => {
  const { folder, deliver, cli, refused, trace } = checkout(t);
  assert.match(await cli('list'), /^tm +no .* has not run yet$/m);
  assert.deepEqual(await refused('status', 'tm'), [1, 'cannot look into tm: it has not run yet']);
  assert.deepEqual(await refused('status', 'tn'), [4, 'cannot find a pipeline "tn" (there are tm)']);
  deliver('old.in', 'old');
  assert.equal(await cli('adopt', 'tm', 'o*.in'), '1 adopted, 0 done before, 0 left\n');
  const service = startVahti(t, ['run', 'tm'], folder);
  deliver('good.in', 'good');
  deliver('bad.in', 'bad');
  await until(() => trace().length === 2, { what: 'both to run' });
  await until(async () => (await cli('status', 'tm', '-n')) === 'open files: 0\n', { what: 'the end' });
  assert.deepEqual(trace().toSorted(), ['bad.in', 'good.in']);
  assert.equal((await cli('status', 'tm', '-e')).split('\n')[2], 'LB: exit code 3');
  assert.match(await cli('files', 'tm'), /^failed .*\/bad\.in +LB: exit code 3$/m);
  assert.equal(
    await cli('logs', 'tm', 'incoming/good.in', '--out'),
    `${join(folder, 'products/LB/good.in')}\n`,
  );
  assert.equal(await cli('retry', 'tm', '--failed'), '1 task is done again (LB 1)\n');
  await until(() => trace().length === 3, { what: 'the failed one to run again' });
  await cli('hold', 'tm', '--why', 'a test');
  service.kill('SIGTERM');
  await within(service.ended, { what: 'the service to end' });
  const { running, figures } = JSON.parse(await cli('status', 'tm', '--json')) as {
    running: boolean;
    figures: { held: string; files: Record<string, number> };
  };
  assert.equal(running, false);
  assert.match(figures.held, /: a test$/);
  assert.deepEqual(figures.files, { done: 2, failed: 1 });
  assert.equal(await cli('resume', 'tm'), 'tm goes on\n');
});

test('F6, F7 a run over old files waits for what runs, has the service wait, and lets it go on even when it is killed', async (t) => {
  const { folder, deliver, cli, trace } = checkout(t);
  const service = startVahti(t, ['run', 'tm'], folder);
  writeFileSync(join(folder, 'wait'), '');
  deliver('one.in', '1');
  await until(() => trace().length === 1, { what: 'one to run' });
  const first = startVahti(t, ['pipeline', 'run', 'tm'], folder);
  await until(() => /waits for what runs: LB of .*one\.in/.test(first.output().stderr), {
    what: 'the run to wait',
  });
  renameSync(join(folder, 'wait'), join(folder, 'waits'));
  const ran = await within(first.ended, { what: 'the run to end', deadlineMs: 20_000 });
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(trace(), ['one.in', 'one.in']);
  // The next one hangs within its step, and is killed there.
  renameSync(join(folder, 'waits'), join(folder, 'wait'));
  const second = startVahti(t, ['pipeline', 'run', 'tm'], folder);
  await until(() => trace().length === 3, { what: 'the second run to begin', deadlineMs: 20_000 });
  assert.match(await cli('status', 'tm', '-H'), /^held: vahti pipeline run tm has its ledger$/m);
  deliver('two.in', '2');
  second.kill('SIGKILL');
  renameSync(join(folder, 'wait'), join(folder, 'waits'));
  await until(() => existsSync(join(folder, 'products/LB/two.in')), { what: 'the service to go on' });
  assert.deepEqual(trace(), ['one.in', 'one.in', 'one.in', 'two.in']);
  await until(async () => /"done": 2\n/.test(await cli('status', 'tm', '--json')), {
    what: 'both to be done',
  });
  service.kill('SIGTERM');
  assert.equal((await within(service.ended, { what: 'the service to end' })).code, 0);
});

test('the first signal asks what --before runs to end, the second ends it', async (t) => {
  const { folder, deliver, trace } = checkout(t);
  deliver('one.in', '1');
  const stubborn = `sh -c "trap 'touch asked' TERM; echo \\$\\$ > pid; while :; do sleep 0.02; done"`;
  const run = startVahti(t, ['pipeline', 'run', 'tm', '--before', stubborn], folder);
  const pid = await until(() => Number(readFileSync(join(folder, 'pid'), 'utf8')), { what: 'it to begin' });
  run.kill('SIGINT');
  await until(() => existsSync(join(folder, 'asked')), { what: 'it to be asked' });
  assert.equal(isAlive(pid), true);
  run.kill('SIGINT');
  assert.notEqual((await within(run.ended, { what: 'the run to end' })).code, 0);
  await until(() => !isAlive(pid), { what: 'the command to be gone' });
  assert.deepEqual(trace(), []);
});

test('F2 a run over nothing is refused, whatever was meant', async (t) => {
  const { folder, deliver, refused } = checkout(t);
  deliver('one.in', '1');
  writeFileSync(join(folder, 'list'), 'incoming/none.in\n');
  assert.deepEqual(await refused('run', 'tm', '--input-files', 'list'), [1, 'not there: incoming/none.in']);
  assert.deepEqual(await refused('run', 'tm', '--filter', 'x*'), [
    1,
    'cannot run anything again: no file is selected',
  ]);
  assert.match(
    (await refused('run', 'tm', '--clean', '--filter', 'o*'))[1],
    /^cannot clean for a part of the inputs/,
  );
});

test('D3 the endpoint of a service that is started anew answers at once; logs of files are where the config says', async (t) => {
  const { folder, deliver } = checkout(t);
  const port = await freePort();
  writeFileSync(
    join(folder, 'vahti.yaml'),
    YAML.replace('products: products', `status: 127.0.0.1:${port}\n      logs: logs`),
  );
  for (const name of ['one', 'two']) {
    const service = startVahti(t, ['run', 'tm'], folder);
    deliver(`${name}.in`, name);
    await until(() => existsSync(join(folder, `logs/${name}.in.out`)), { what: 'the log of a file' });
    assert.match(await ask(port, 'last'), new RegExp(`/incoming/${name}\\.in\n`));
    assert.equal(await ask(port, 'next'), 'open files: 0\n');
    service.kill('SIGTERM');
    assert.equal((await within(service.ended, { what: 'the service to end' })).code, 0);
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function ask(port: number, line: string): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${line}\n`));
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => resolve(text)).on('error', reject);
  });
  return within(answer, { what: `the answer to ${line}` });
}
