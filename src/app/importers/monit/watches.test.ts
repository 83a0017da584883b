import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { UNIT, watchesOf } from '../../../../test/rig/monit.ts';

function runTool(program: string, args: readonly string[]) {
  const { status: code, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  return { code, stdout, stderr };
}

test('tests of connections become http and tcp watches, with Monit’s tolerance', (t) => {
  const usual = { every: '10s', fail: 1 };
  for (const [line, expected] of [
    ['if failed port 80 then alert', { 'tcp-80': { tcp: '127.0.0.1:80', ...usual } }],
    [
      'IF FAILED HOST db.example PORT 5432 FOR 3 CYCLES THEN ALERT',
      { 'tcp-5432': { tcp: 'db.example:5432', every: '10s', fail: 3 } },
    ],
    [
      'if failed host ::1 port 22 3 times within 5 cycles then restart',
      { 'tcp-22': { tcp: '[::1]:22', every: '10s', fail: '3/5', then: ['restart', 'page'] } },
    ],
    [
      'if failed port 80 protocol http then stop',
      { http: { http: 'http://127.0.0.1/', expect: 'status < 400', ...usual, then: ['stop'] } },
    ],
    [
      'if failed port 8443 protocol https request "/a?b=1" status = 404 with timeout 2 seconds and responsetime 500 milliseconds then alert',
      {
        http: {
          http: 'https://127.0.0.1:8443/a?b=1',
          expect: 'status == 404 and ms < 500',
          timeout: '2s',
          ...usual,
        },
      },
    ],
    [
      'if failed url http://h.example:81/x and content != "Err(or)?" then exec "/bin/say \'a b\' c" as uid "nobody"',
      {
        http: {
          http: 'http://h.example:81/x',
          expect: 'status < 400 and not (body matches /Err(or)?/)',
          ...usual,
          then: [{ run: ['runuser', '-u', 'nobody', '--', '/bin/say', 'a b', 'c'] }],
        },
      },
    ],
    [
      'if failed unixsocket /run/x.sock for 2 cycles then alert',
      {
        socket: { command: ['socat', '-u', '/dev/null', 'UNIX-CONNECT:/run/x.sock'], every: '10s', fail: 2 },
      },
    ],
    [
      'if failed port 80 for 2 cycles then alert else if succeeded for 4 cycles then alert',
      { 'tcp-80': { tcp: '127.0.0.1:80', every: '10s', fail: 2, ok: 4 } },
    ],
  ] as const)
    assert.deepEqual(watchesOf(t, UNIT, line), expected, line);
});

test('figures, files and file systems become watches of their kinds', (t) => {
  for (const [head, line, name, expected] of [
    [
      UNIT,
      'if mem > 500 MB for 2 cycles then restart',
      'memory',
      { max: '500M', every: '10s', fail: 2, then: ['restart', 'page'] },
    ],
    [UNIT, 'if total memory usage > 25% then alert', 'memory', { max: '2G', every: '10s', fail: 1 }],
    [UNIT, 'if totalcpu is greater than 80 percent then alert', 'cpu', { max: '80%', every: '10s', fail: 1 }],
    [
      'check filesystem a with path /',
      'if space usage > 80.5% then alert',
      'a-space',
      { disk: '/', left: '19.5%', every: '10s', fail: 1 },
    ],
    [
      'check filesystem a with path /dev/sda1',
      'if inodes free < 10% then alert',
      'a-inodes',
      { disk: '/', left: '1K', inodes: '10%', every: '10s', fail: 1 },
    ],
    [
      'check filesystem a with path nas:/vol',
      'if space free < 5 GB then alert',
      'a-space',
      { disk: '/srv/my vol', left: '5G', every: '10s', fail: 1 },
    ],
    [
      'check file a with path /x.log',
      'if timestamp > 15 minutes then alert',
      'a-fresh',
      { fresh: '/x.log', within: '15m', every: '10s', fail: 1 },
    ],
    [
      'check program a with path "/bin/b \'c d\'" with timeout 7 seconds',
      'if status != 0 for 2 cycles then alert',
      'a-status',
      { command: ['/bin/b', 'c d'], timeout: '7s', every: '10s', fail: 2 },
    ],
    [
      'check program a with path /bin/b',
      'if status = 3 then alert',
      'a-status',
      {
        command: ['sh', '-c', '"$@"; test $? -ne 3', 'sh', '/bin/b'],
        timeout: '300s',
        every: '10s',
        fail: 1,
      },
    ],
    [
      'check host a with address h.example',
      'if failed ping4 count 2 then alert',
      'a-ping',
      {
        command: ['ping', '-4', '-n', '-q', '-c', '2', '-s', '64', '-w', '5', 'h.example'],
        timeout: '10s',
        every: '10s',
        fail: 1,
      },
    ],
  ] as const)
    assert.deepEqual(watchesOf(t, head, line)[name], expected, line);
});

test('the commands that stand in for a watch say what Monit would', (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'a file');
  writeFileSync(file, 'hello\n');
  chmodSync(file, 0o640);
  const meminfo = watchesOf(
    t,
    'check system $HOST',
    'if memory usage > 0% then alert',
    'if swap usage > 100% then alert',
    'if loadavg (1min) > 100000 then alert',
    'if loadavg (5min) per core > 0.000001 then alert',
  );
  const of = (line: string): Record<string, unknown> =>
    watchesOf(t, `check file a with path "${file}"`, line);
  const program = (line: string): Record<string, unknown> =>
    watchesOf(t, 'check program a with path "/bin/sh -c \'echo critical: 7; exit 3\'"', line);
  for (const [watches, name, code] of [
    [of('if size > 5 B then alert'), 'a-size', 1],
    [of('if size > 6 B then alert'), 'a-size', 0],
    [of('if size != 6 B then alert'), 'a-size', 0],
    [of('if failed permission 0640 then alert'), 'a-permission', 0],
    [of('if failed permission 644 then alert'), 'a-permission', 1],
    [of('if failed md5 checksum expect b1946ac92492d2347c6235b4d2611184 then alert'), 'a-checksum', 0],
    [of('if failed checksum expect b1946ac92492d2347c6235b4d2611185 then alert'), 'a-checksum', 1],
    [of('if ctime > 1 hour then alert'), 'a-age', 0],
    [of('if exist then alert'), 'a-absent', 1],
    [of('if content = "^h.*o$" then alert'), 'a-content', 1],
    [of('if match "^ello" then alert'), 'a-content', 0],
    [of(''), 'a-exists', 0],
    [program('if status = 3 then alert'), 'a-status', 1],
    [program('if status > 3 then alert'), 'a-status', 0],
    [program('if content = "critical: [1-9]" then alert'), 'a-output', 1],
    [program('if content != "critical" then alert'), 'a-output', 0],
    [meminfo, 'system-memory-used', 1],
    [meminfo, 'system-swap', 0],
    [meminfo, 'system-load-1min', 0],
  ] as const) {
    const { command } = watches[name] as { readonly command: readonly string[] };
    const [argv0 = '', ...rest] = command;
    const { code: exit } = runTool(argv0, rest);
    assert.equal(exit, code, `${name}: ${command.join(' ')}`);
  }
  const [argv0 = '', ...rest] = (meminfo['system-load-5min'] as { readonly command: readonly string[] })
    .command;
  assert.match(runTool(argv0, rest).stdout, /^[\d.e-]+\n$/);
});
