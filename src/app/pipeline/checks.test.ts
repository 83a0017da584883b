import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { type PipelineInput, resolved } from '../../../test/rig/pipeline.ts';
import { statePaths } from '../state.ts';
import { checkPipeline } from './checks.ts';
import { pipelineTarget } from './control.ts';

const STEP = { from: 'inbox', run: ['cp', '{in}', '{out}/{name}'] };

async function look(folder: string, config: PipelineInput, limits?: string) {
  const { plan } = resolved(folder, {
    inbox: { root: 'incoming', match: '*' },
    steps: { A: STEP },
    ...config,
  });
  const target = pipelineTarget('tm', plan, statePaths(join(folder, 'state')));
  const about = { target, cwd: folder, path: '/usr/bin:/bin', ...(limits === undefined ? {} : { limits }) };
  return (await checkPipeline(about)).map(
    ({ what, verdict, found }) => `${what} ${verdict}: ${found.replaceAll(folder, '~')}`,
  );
}

test('a pipeline that has all it needs, and one that has not', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'incoming'));
  mkdirSync(join(folder, 'limits'));
  const limits = join(folder, 'limits');
  writeFileSync(join(limits, 'max_user_watches'), '100000\n');
  assert.deepEqual(await look(folder, {}, limits), [
    'tm fine: all that its inboxes and its steps need is there',
  ]);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onEnd(t, () => new Promise<void>((resolve) => taken.close(() => resolve())));
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  writeFileSync(join(limits, 'max_user_watches'), '100\n');
  writeFileSync(join(folder, 'tool'), 'no program\n');
  const found = await look(
    folder,
    {
      inbox: { root: 'nowhere', match: '*' },
      status: `127.0.0.1:${port}`,
      steps: {
        A: { ...STEP, run: ['tm2lbb', '{in}'] },
        B: { ...STEP, run: ['./tool', '{in}'] },
        OFF: { ...STEP, run: ['none'], enabled: false },
      },
    },
    limits,
  );
  assert.deepEqual(found, [
    'tm wrong: the inbox inbox, ~/nowhere, is not there',
    'tm odd: folders that can be watched: 100 (fs.inotify.max_user_watches); with more of them each is seen at scans only',
    `tm wrong: cannot answer at 127.0.0.1:${port}: another program has that port`,
    'tm wrong: cannot find the command tm2lbb of the step A',
    'tm wrong: cannot find the command ./tool of the step B',
  ]);
});

const WITHOUT = 'VAHTI_TEST_WITHOUT_DAC';

test('folders that this user may not read or write', async (t) => {
  // Root may do all: it looks without the capabilities that let it (capabilities(7)).
  if (process.getuid?.() === 0 && process.env[WITHOUT] === undefined) {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const bounds = '--bounding-set=-dac_override,-dac_read_search';
    const own = [process.execPath, '--test-name-pattern=may not read or write', import.meta.filename];
    const ran = execFileSync('setpriv', [bounds, ...own], {
      env: { ...env, [WITHOUT]: '1' },
      timeout: 30_000,
    });
    assert.match(String(ran), /^. pass 1$/m);
    return;
  }
  const folder = tempFolder(t);
  for (const name of ['incoming', 'products']) mkdirSync(join(folder, name));
  chmodSync(join(folder, 'incoming'), 0);
  chmodSync(join(folder, 'products'), 0o500);
  onEnd(t, () => {
    for (const name of ['incoming', 'products']) chmodSync(join(folder, name), 0o700);
  });
  assert.deepEqual(await look(folder, {}, join(folder, 'none')), [
    'tm wrong: the inbox inbox, ~/incoming, cannot be read by this user',
    'tm wrong: its products, ~/products, cannot be written by this user',
  ]);
});

test('an inbox and products on other filesystems than each other', {
  skip: !isOther() && '/dev/shm is no filesystem of its own',
}, async (t) => {
  const folder = tempFolder(t);
  const found = await look(
    folder,
    { inbox: { root: '/dev/shm', match: 'vahti-nothing' } },
    join(folder, 'none'),
  );
  assert.deepEqual(found, [
    'tm fine: the inbox inbox, /dev/shm, is on another filesystem than the products: steps read across',
  ]);
});

function isOther(): boolean {
  try {
    return statSync('/dev/shm').dev !== statSync(tmpdir()).dev;
  } catch {
    return false;
  }
}
