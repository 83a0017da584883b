import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFacts, timeSpan, wallTime } from './unit-facts.ts';

/** What systemd 252 printed of a unit that runs, of one that failed, and of one that is not there. */
const RUNNING = `Restart=always
RestartUSec=1min 30s
MainPID=139
Result=success
NRestarts=3
ExecMainStartTimestamp=Sun 2026-11-22 08:11:51.203444 UTC
ExecMainExitTimestamp=
ExecMainCode=0
ExecMainStatus=0
ControlGroup=/system.slice/loop.service
MemoryMax=20971520
WatchdogUSec=500ms
Names=loop.service alias.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
StateChangeTimestamp=Sun 2026-11-22 08:11:51.203921 UTC
InactiveExitTimestamp=Sun 2026-11-22 08:11:51.203445 UTC
ActiveEnterTimestamp=Sun 2026-11-22 08:11:51.203921 UTC
StartLimitIntervalUSec=10s
StartLimitBurst=5
InvocationID=fcdb52541d8b49808fabbc87c6773592
`;

const FAILED = `Restart=no
RestartUSec=100ms
MainPID=0
Result=watchdog
NRestarts=0
ExecMainStartTimestamp=Sun 2026-11-22 08:11:47 UTC
ExecMainExitTimestamp=Sun 2026-11-22 08:11:48 UTC
ExecMainCode=2
ExecMainStatus=6
ControlGroup=
MemoryMax=infinity
WatchdogUSec=0
Names=wd.service
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=static
StateChangeTimestamp=Sun 2026-11-22 08:11:48 UTC
InactiveExitTimestamp=Sun 2026-11-22 08:11:47 UTC
ActiveEnterTimestamp=Sun 2026-11-22 08:11:47 UTC
StartLimitIntervalUSec=infinity
StartLimitBurst=0
InvocationID=f3d14e9cfc9644e3858c2b542a58155e
`;

const MISSING = `Restart=no
MainPID=0
Result=success
Names=nosuch.service
LoadState=not-found
ActiveState=inactive
SubState=dead
InvocationID=
`;

const at = (text: string): number => Date.parse(`2026-11-22T${text}Z`);

test('what systemctl says of several units is read in the order of the question', () => {
  const names = ['loop.service', 'wd.service', 'nosuch.service'];
  const [running, failed, missing] = parseFacts([RUNNING, FAILED, MISSING].join('\n'), names) ?? [];
  assert.deepEqual(running, {
    name: 'loop.service',
    load: 'loaded',
    active: 'active',
    sub: 'running',
    result: 'success',
    since: at('08:11:51.203'),
    invocation: 'fcdb52541d8b49808fabbc87c6773592',
    pid: 139,
    startedAt: at('08:11:51.203'),
    activeAt: at('08:11:51.203'),
    exit: null,
    restarts: 3,
    enabled: 'enabled',
    group: '/system.slice/loop.service',
    policy: {
      restart: 'always',
      delayMs: 90_000,
      startLimit: { burst: 5, intervalMs: 10_000 },
      watchdogMs: 500,
      memoryBytes: 20_971_520,
    },
  });
  assert.deepEqual(failed?.exit, { kind: 'killed', status: 6, at: at('08:11:48.999') });
  assert.deepEqual([failed?.active, failed?.result, failed?.pid], ['failed', 'watchdog', null]);
  assert.deepEqual([failed?.policy.startLimit, failed?.policy.memoryBytes], [null, null]);
  assert.deepEqual([missing?.load, missing?.invocation, missing?.since], ['not-found', null, null]);
});

test('an answer to another question, and one that makes no sense, is none', () => {
  assert.equal(parseFacts(RUNNING, ['loop.service', 'wd.service']), undefined);
  assert.equal(parseFacts(RUNNING, ['other.service']), undefined);
  assert.notEqual(parseFacts(RUNNING, ['alias.service']), undefined);
  assert.equal(parseFacts(RUNNING.replace('=active', '=acting'), ['loop.service']), undefined);
  assert.equal(parseFacts('', ['loop.service']), undefined);
});

test('while a run prepares its start, the times of the main process are not its own', () => {
  const text = RUNNING.replace('08:11:51.203445', '08:12:00.5');
  assert.equal(parseFacts(text, ['loop.service'])?.[0]?.startedAt, at('08:12:00.5'));
});

test('time spans and times of day, as every version of systemd prints them', () => {
  const spans: readonly (readonly [string | undefined, number | null])[] = [
    ['100ms', 100],
    ['1min 30s', 90_000],
    ['1month 2w 3d 4h 5min 6s 7ms 8us', 4_113_306_007.008],
    ['1.5s', 1500],
    ['0', 0],
    ['infinity', null],
    ['', null],
    ['5 parsecs', null],
    [undefined, null],
  ];
  for (const [text, ms] of spans) assert.equal(timeSpan(text), ms, text);
  assert.equal(wallTime('Sun 2026-11-22 08:11:51.203921 UTC'), at('08:11:51.203'));
  assert.equal(wallTime('2026-11-22 08:11:51.5 UTC'), at('08:11:51.5'));
  assert.equal(wallTime('Sun 2026-11-22 08:11:51 UTC'), at('08:11:51.999'), 'rather too late');
  for (const text of ['', 'n/a', undefined, 'Sun 2026-11-22 08:11:51 CET', 'Sun 2026-13-42 08:11:51 UTC'])
    assert.equal(wallTime(text), null, text);
});
