import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { importMonitText as importText, MACHINE, UNIT } from '../../../../test/rig/monit.ts';
import { finishImport } from '../import-config.ts';
import type { Drafted } from '../draft.ts';
import { importMonit } from './import-monit.ts';
import { monitWords, readStart } from './programs.ts';
import { cronHours, hoursText, otherHours } from './times.ts';
import { anyText } from '../../../../test/rig/any-text.ts';

function runTool(program: string, args: readonly string[]) {
  const { status: code, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  return { code, stdout, stderr };
}

async function written(drafted: Drafted, folder: string): Promise<string> {
  const { text } = await finishImport(drafted, 'vahti import monit monitrc', { folder });
  assert.ok(text !== undefined, JSON.stringify(drafted.diagnostics));
  return text;
}

test('a start program is a unit, or a command that stays in the foreground', () => {
  for (const [command, expected] of [
    ['/bin/systemctl restart web@1', { kind: 'unit', unit: 'web@1.service' }],
    ['/usr/bin/sudo /usr/sbin/service nginx start', { kind: 'unit', unit: 'nginx.service' }],
    ["/bin/bash -c '/etc/init.d/foo start'", { kind: 'unit', unit: 'foo.service' }],
    [
      '/bin/systemctl start web.timer',
      { kind: 'run', argv: ['/bin/systemctl', 'start', 'web.timer'], unwrapped: false },
    ],
    ["/bin/sh -c 'a && b'", { kind: 'run', argv: ['/bin/sh', '-c', 'a && b'], unwrapped: false }],
    [
      "/bin/sh -c 'cd /srv; setsid nohup ./a -x & '",
      { kind: 'run', argv: ['./a', '-x'], cwd: '/srv', unwrapped: true },
    ],
    [
      '/bin/sh -c \'cd "$HOME" && ./a > l 2>&1 &\'',
      { kind: 'run', argv: ['/bin/sh', '-c', 'cd "$HOME" && exec ./a > l 2>&1'], unwrapped: true },
    ],
    [
      '/sbin/start-stop-daemon -S -b -c web:web -d /srv --startas /bin/a --exec /bin/b -- -x',
      { kind: 'run', argv: ['/bin/a', '-x'], cwd: '/srv', user: 'web', unwrapped: true },
    ],
  ] as const)
    assert.deepEqual(readStart(command), expected, command);
  assert.deepEqual(monitWords(`/bin/a  "b c" 'd "e"' f"g h"`), ['/bin/a', 'b c', 'd "e"', 'fg h']);
});

test('what depends on what: needs, one service for one unit, and checks that are part of a service', (t) => {
  const { services, said } = importText(
    t,
    `check process a with pidfile /a
      start program = "/bin/systemctl start a"
      depends on b, F
    check process b with pidfile /b
      start program = "/bin/b"
      depends shared
    check process c with pidfile /c
      start program = "/usr/sbin/service a start"
      if failed port 81 then alert
      depends on shared
    check file f path /f
      depends on b
    check file shared path /s`,
  );
  assert.deepEqual(said, []);
  assert.deepEqual(
    services.map(({ name, keys: { needs, watch } }) => [name, needs, Object.keys(watch ?? {})]),
    [
      ['a', ['b'], ['c-tcp-81', 'f-exists']],
      ['b', undefined, []],
      ['host', undefined, ['shared-exists']],
    ],
  );
  const broken = importText(
    t,
    'check file a path /a\n depends on b\ncheck file b path /b\n depends on a, cc',
  );
  assert.deepEqual(
    broken.said,
    [
      '4 cannot find the check cc that b depends on (there are a, b)',
      '1 cannot import a: it depends on itself, at the end of a circle',
    ].map((line) => line.replace(' (there are a, b)', '')),
  );
});

test('hours, restarts, modes and who is told', (t) => {
  for (const [cron, hours, others] of [
    ['* 8-19 * * 1-5', 'Mon-Fri 08:00-20:00 UTC', undefined],
    ['* 0-3 * * *', '00:00-04:00 UTC', '04:00-24:00 UTC'],
    ['* 22-23 * * *', '22:00-24:00 UTC', '00:00-22:00 UTC'],
    ['* * * * 0,6', 'Sun,Sat 00:00-24:00 UTC', undefined],
    ['5 * * * *', undefined, undefined],
    ['* 3 1 * *', undefined, undefined],
  ] as const) {
    const found = cronHours(cron);
    const rest = found && otherHours(found);
    assert.deepEqual(
      [found && hoursText(found, 'UTC'), rest && hoursText(rest, 'UTC')],
      [hours, others],
      cron,
    );
  }
  const { drafted, services } = importText(
    t,
    `set daemon 30
    set alert a@x.example with reminder on 1 cycle
    set alert b@x.example
    ${UNIT}
      not every "* 2 * * 0"
      every 2 cycles
      if failed port 80 then restart
      if 4 restarts within 6 cycles then exec "/bin/call me"
      alert c@x.example
      noalert b@x.example
    check process manual with pidfile /m
      start program = "/bin/m"
      mode manual
      if failed port 81 then restart`,
  );
  const [web, manual] = services;
  assert.deepEqual(drafted.draft?.defaults, { notify: ['a', 'b'] });
  assert.deepEqual(drafted.draft?.notify, {
    a: { mail: 'a@x.example', repeat: '1m' },
    b: { mail: 'b@x.example' },
    c: { mail: 'c@x.example' },
  });
  assert.deepEqual(web?.keys, {
    unit: 'web.service',
    notify: ['a', 'c'],
    quiet: [{ when: 'Sun 02:00-03:00 UTC', why: 'web is not watched in Monit then' }],
    restart: { watches: { most: 4, per: '6m' } },
    watch: {
      'tcp-80': {
        tcp: '127.0.0.1:80',
        every: '1m',
        fail: 1,
        then: ['restart', { run: ['/bin/call', 'me'] }],
      },
    },
  });
  assert.deepEqual([manual?.keys.boot, manual?.keys.watch?.['tcp-81']?.['then']], [false, undefined]);
});

test('mail servers, and passwords that are not copied', async (t) => {
  for (const [server, expected] of [
    ['localhost', {}],
    ['mx.example', { smtp: 'smtp://mx.example', tls: 'optional' }],
    [
      'mx.example port 465 username "u@x" password hush using ssl with timeout 9 seconds',
      { smtp: 'smtps://u%40x@mx.example', password: '$SMTP_PASSWORD' },
    ],
    [
      'mx.example username u password "hush" using tls with options {verify: disable}',
      { smtp: 'smtp://u@mx.example:25', password: '$SMTP_PASSWORD' },
    ],
    ['mx.example using tls, other.example port 26', { smtp: 'smtp://mx.example' }],
  ] as const) {
    const text = `set mailserver ${server}\nset alert ops@x.example\ncheck file a path /etc/passwd\n`;
    const { drafted, folder } = importText(t, text);
    assert.deepEqual(drafted.draft?.notify?.['ops'], { mail: 'ops@x.example', ...expected }, server);
    assert.doesNotMatch(await written(drafted, folder), /hush/);
  }
  const { drafted, folder } = importText(
    t,
    `set httpd port 1 allow admin:hush
    set mmonit http://monit:hush@m.example/collector
    ${UNIT}
      if failed port 80 protocol http username u password hush request "/" then alert
      if failed port 80 protocol http with http headers [Authorization: hush] then alert
      if failed port 80 protocol mysql username u password hush and threads > 3 then alert
      if failed port 80 send "AUTH hush" expect "x" for 99 lines then alert`,
  );
  assert.doesNotMatch(await written(drafted, folder), /hush/);
});

test('what cannot be read is told with file and line', (t) => {
  for (const [text, ...said] of [
    [
      'set daemon 5\n\nchek process x\ncheck file a path /a',
      '3 cannot read "chek": a statement begins with set, include or check',
    ],
    ['check file a path "/a\n if size > 1 then alert', '1 cannot read on: this quote is never closed'],
    ['set daemon 5', '1 cannot import /monitrc: it has no `check`'],
    ['', '1 cannot import /monitrc: it has no `check`'],
  ])
    assert.deepEqual(importText(t, text as string).said, said);
  const missing = importMonit({ file: '/nowhere/monitrc', folder: '/', ...MACHINE });
  assert.match(missing.diagnostics[0]?.message ?? '', /cannot import \/nowhere\/monitrc: no such file/);
});

const word = fc.constantFrom(
  ...'check set include process file host system program filesystem with pidfile path matching start stop = "/bin/a b" if failed port 80 protocol http request content "x(" then alert restart exec else for 3 5 times within cycles cycle restarts > % MB cpu memory { } [ ] "a b" \' " # \n depends on every "* 1-2 * * *" not mode passive group alert a@b noalert uid size timestamp mailserver mail-format daemon headers , ;'.split(
    ' ',
  ),
  '\n',
  '\n',
);

test('no text makes it throw, and what it makes of one is a config', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'monitrc');
  const text = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.array(word, { maxLength: 60 }).map((words) => `check file x path /x\n${words.join(' ')}`),
    },
    fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
    anyText({ maxLength: 200 }),
  );
  let made = 0;
  await fc.assert(
    fc.asyncProperty(text, async (each) => {
      writeFileSync(file, each);
      const drafted = importMonit({ file, folder, ...MACHINE });
      if (drafted.draft === undefined) return assert.ok(drafted.diagnostics.length > 0);
      // To have the real parser read one takes 40 ms.
      if (made++ % 8 === 0) await written(drafted, folder);
    }),
    { numRuns: 120 },
  );
  assert.ok(made > 5, `${made} configs`);
});

test('every statement comes out as a key or as a comment that names its line', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'monitrc');
  /** A number of their own tells them apart. */
  const statement = fc.constantFrom(
    'if failed port # then restart',
    'if failed port # protocol http request "/#" then alert',
    'if memory > # MB for 2 cycles then alert',
    'if threads > # then alert',
    'if uptime > # days then restart',
    'if failed port # type udp then alert',
    'if wild # guess then alert',
    'if cpu > # then',
    'if failed unixsocket /run/# then exec "/bin/x #"',
    'if succeeded port # then alert',
    'if changed pid # then alert',
    'if cpu > #% then alert else if passed then exec "/bin/y"',
    'group g#',
    'ignore content = "#"',
    'onreboot laststate',
    'if total filedescriptors > # then alert',
    'every "# 1 1 1 1"',
    'if # restarts within 9 cycles then unmonitor',
    'depends on other',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(statement, { maxLength: 8 }), async (statements) => {
      const lines = statements.map((each, index) => each.replaceAll('#', String(51 + index)));
      writeFileSync(
        file,
        `set daemon 10\n${UNIT}\n${lines.join('\n')}\ncheck process other with pidfile /o\n start program = "/bin/o"\n`,
      );
      const drafted = importMonit({ file, folder, ...MACHINE });
      const text = await written(drafted, folder);
      const [web] = drafted.draft?.services ?? [];
      for (const [index, line] of lines.entries()) {
        const number = new RegExp(`(?<!\\d)${51 + index}(?!\\d)`);
        const isAnyway = /^if changed pid|^depends/.test(line);
        const isKey = number.test(JSON.stringify(web?.keys));
        const isNoted = new RegExp(`line ${index + 4}\\b`).test(text);
        assert.ok(isKey || isNoted || isAnyway, `${line} in\n${text}`);
      }
    }),
    { numRuns: 50 },
  );
});

const MONIT = ['/usr/bin/monit', '/usr/sbin/monit'].find((path) => existsSync(path));

for (const name of ['shop', 'small']) {
  test(`Monit itself takes ${name}/monitrc`, { skip: MONIT === undefined && 'monit is not here' }, (t) => {
    const folder = tempFolder(t);
    cpSync(join(import.meta.dirname, '../fixtures/monit', name), folder, { recursive: true });
    const file = join(folder, 'monitrc');
    const text = readFileSync(file, 'utf8').replace('include conf.d', `include ${folder}/conf.d`);
    writeFileSync(file, `${text}\nset idfile ${folder}/id\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
    const { code, stderr, stdout } = runTool(MONIT ?? '', ['-t', '-c', file]);
    // What this machine lacks is no fault of the fixture.
    const wrong = `${stdout}\n${stderr}`
      .split('\n')
      .filter(
        (line) =>
          /:\d+: /.test(line) &&
          !/Program does not exist|Cannot compute a checksum|user not found|group not found/.test(line),
      );
    assert.deepEqual(wrong, []);
    assert.ok(code === 0 || /Program does not exist|Cannot compute|not found/.test(stderr + stdout), stderr);
  });
}
