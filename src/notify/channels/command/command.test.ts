import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { channelComplaints, noticeItem, openChannel, sampleNotice } from '../../../../test/rig/channels.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { failed } from '../../../../test/rig/outcomes.ts';
import { until } from '../../../../test/rig/wait.ts';
import { LIFE_VARIABLE, processAlive } from '../../../core/processes.ts';
import { readStat } from '../../../core/process-table.ts';
import { command } from './kind.ts';

/** A channel that runs a script in a folder of its own. */
function script(t: TestContext, text: string, words: readonly string[] = []) {
  leakCheck(t);
  return openChannel(
    t,
    command,
    { run: ['./script', ...words] },
    {
      prepare(folder) {
        writeFileSync(`${folder}/script`, `#!/bin/sh\n${text}\n`);
        chmodSync(`${folder}/script`, 0o755);
      },
    },
  );
}

test('a program gets the notice as JSON, as variables, and where it asks for it as words', async (t) => {
  const text = `cat > stdin; env > env; for word in "$@"; do printf '<%s>' "$word"; done > words; echo done`;
  const hostile = '"; touch pwned; $(touch pwned) `touch pwned` \u0000\u001b[1m';
  const channel = script(t, text, ['{title}', 'x{level}y {{raw}}', '--', '{short}']);
  const notice = sampleNotice({ title: hostile, items: [noticeItem({ reason: hostile })] });
  assert.deepEqual(await channel.send(notice), { kind: 'delivered', detail: 'done' });
  const read = (name: string): string => readFileSync(`${channel.folder}/${name}`, 'utf8');
  const clean = '"; touch pwned; $(touch pwned) `touch pwned`';
  const { type, data } = JSON.parse(read('stdin')) as { type: string; data: Record<string, unknown> };
  assert.deepEqual([type, data['title'], data['format']], ['vahti.outage', clean, 1]);
  assert.ok(read('words').startsWith(`<${clean}><xerrory {raw}><--><State: bad since `), read('words'));
  const env = read('env');
  for (const line of [
    `VAHTI_TITLE=${clean}`,
    'VAHTI_EVENT=outage',
    'VAHTI_LEVEL=error',
    'VAHTI_HOST=box1.uni.example',
    'VAHTI_SERVICES=web',
    'VAHTI_ID=box1-41',
    'VAHTI_THREAD=box1-41',
    'VAHTI_AT=2026-11-22T10:31:05.000Z',
  ])
    assert.ok(env.includes(`${line}\n`), line);
  assert.match(env, new RegExp(`^${LIFE_VARIABLE}=test-\\d+/notify/ops/`, 'm'));
  assert.ok(!existsSync(`${channel.folder}/pwned`));
});

test('exit codes: delivered, later, or wrong', async (t) => {
  for (const [text, reason, retry] of [
    ['exit 0', undefined, true],
    ['echo out; echo "  " >&2; exit 3', 'it exited with 3: out', true],
    ['echo out; echo err >&2; exit 1', 'it exited with 1: err', true],
    ['echo busy >&2; exit 75', 'it asks to be called later (75): busy', true],
    ['exit 64', 'it exited with 64', false],
    ['exit 78', 'it exited with 78', false],
    ['exit 127', 'it exited with 127', false],
    ['kill -9 $$', 'it was ended by SIGKILL', true],
  ] as const)
    await t.test(text, async (t2) => {
      const outcome = await script(t2, text).send();
      if (reason === undefined)
        return assert.deepEqual(outcome, { kind: 'delivered', detail: 'exited with 0' });
      const expected = { kind: 'failed', reason: `cannot deliver by ./script: ${reason}`, retry };
      assert.deepEqual(outcome, expected);
    });
});

test('a program that cannot run is named, and is not tried soon', async (t) => {
  leakCheck(t);
  const missing = failed(await openChannel(t, command, { run: ['./nowhere'] }).send());
  assert.match(missing.reason, /^cannot .*nowhere/);
  assert.equal(missing.retry, false);
});

test('a program that hangs is killed at the deadline, with all that it started', async (t) => {
  const channel = script(
    t,
    'trap "" TERM\nsh -c \'trap "" TERM; while :; do sleep 60; done\' &\necho $! > child\nwait',
  );
  const over = new AbortController();
  const sent = channel.send(sampleNotice(), { signal: over.signal });
  const file = `${channel.folder}/child`;
  const pid = await until(() => existsSync(file) && Number(readFileSync(file, 'utf8')), {
    what: 'the child',
  });
  const child = readStat(pid);
  assert.ok(child !== undefined);
  over.abort();
  assert.deepEqual(await sent, {
    kind: 'failed',
    reason: 'cannot deliver by ./script: it did not end in time',
    retry: true,
  });
  assert.equal(processAlive(child), false);
});

test('what a program leaves behind is ended, with who left its group', async (t) => {
  const left =
    'setsid sh -c "echo \\$\\$ > far; exec sleep 60" > /dev/null 2>&1 &\nsleep 60 &\necho $! > near\nwhile [ ! -s far ]; do :; done';
  const channel = script(t, left);
  assert.equal((await channel.send()).kind, 'delivered');
  for (const name of ['near', 'far']) {
    const stat = readStat(Number(readFileSync(`${channel.folder}/${name}`, 'utf8')));
    assert.ok(stat === undefined || !processAlive(stat), name);
  }
});

test('a program that does not read, and one that writes without end, are no danger', async (t) => {
  await t.test('does not read', async (t2) => {
    const items = Array.from({ length: 100 }, () => noticeItem({ reason: 'x'.repeat(1000) }));
    const outcome = await script(t2, 'exec 0<&-; exit 0').send(sampleNotice({ items }));
    assert.equal(outcome.kind, 'delivered');
  });
  await t.test('writes much', async (t2) => {
    const outcome = await script(t2, 'head -c 3000000 /dev/zero | tr "\\0" x; exit 4').send();
    assert.equal(failed(outcome).reason, `cannot deliver by ./script: it exited with 4: ${'x'.repeat(199)}…`);
  });
});

test('what a config may not say', () => {
  for (const [run, expected] of [
    [['notify-send', '{title}', '{short}'], /^$/],
    ['logger -t vahti "{title}"', /^$/],
    [['sh', '-c', 'wall "$VAHTI_TITLE"'], /^$/],
    [['sh', '-c', 'echo {{a}} ${b}'], /^$/],
    ['', /cannot use this value|cannot run/],
    [[], /cannot run an empty command/],
    [[''], /cannot run an empty command/],
    ['wall "', /never closed/],
    ['wall hello | cat', /no shell runs here/],
    [['wall', '{titel}'], /cannot fill in \{titel\}.*did you mean "?title/],
    [['wall', '{items}'], /cannot use \{items\} within a text/],
    [['sh', '-c', 'wall {title}'], /cannot put \{title\} into a script: .*write "\$VAHTI_TITLE"/],
    [['/bin/bash', '-lc', 'wall "{short}"'], /write "\$VAHTI_SHORT"/],
    [['ssh', 'box', 'sh', '-c', 'wall {title}'], /cannot put \{title\} into a script/],
  ] as const)
    assert.match(channelComplaints(command, { run }).join(' | '), expected, JSON.stringify(run));
  assert.equal(command.target({ run: ['notify-send', 's3cret'] }), 'notify-send');
});
