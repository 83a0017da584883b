import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { followSchedule } from '../../../core/schedule.ts';
import { parseTimes } from '../../../jobs/times.ts';
import { archiveOptions } from '../../../jobs/verbs/archive/options.ts';
import { VERB_KINDS } from '../../../jobs/verbs/registry.ts';
import { syncOptions } from '../../../jobs/verbs/sync/options.ts';
import { finishImport } from '../import-config.ts';
import { readCommand } from './command.ts';
import { type CrontabOptions, importCrontab } from './import-crontab.ts';
import { splitInput } from './lines.ts';
import { nameOfCommand } from './names.ts';
import { atOf } from './times.ts';
import { standIn } from '../../../../test/rig/verb-stand-in.ts';
import { recognise } from './verbs.ts';

const PASSWD = 'root:x:0:0:root:/root:/bin/bash\nann:x:7:7::/home/ann:/bin/sh\n';

function importText(t: TestContext, text: string, more: Partial<CrontabOptions> = {}) {
  const folder = tempFolder(t);
  const file = join(folder, 'cron');
  writeFileSync(file, text);
  const drafted = importCrontab({
    file,
    folder,
    zone: 'UTC',
    passwd: PASSWD,
    self: 'root',
    verbs: [],
    ...more,
  });
  const said = drafted.diagnostics.map(({ line, message }) => `${line} ${message.replaceAll(folder, '')}`);
  return { folder, drafted, jobs: drafted.draft?.jobs ?? [], said };
}

test('times mean what they mean to cron', () => {
  for (const [written, at] of [
    ['5 4 * * *', '5 4 * * *'],
    ['*/5 1-3,7 1 JAN-mar sun', '*/5 1-3,7 1 JAN-mar sun'],
    ['@daily', 'daily'],
    ['@weekly', '0 0 * * 0'],
    ['@annually', '0 0 1 1 *'],
    ['0 0 */2 * 1', '0 0 */2 * +1'],
    ['0 0 13 * */5', '0 0 13 * +0,5'],
    ['0 0 13 * 5', '0 0 13 * 5'],
  ])
    assert.deepEqual(atOf(written as string, undefined), { ok: true, value: at });
  assert.deepEqual(atOf('1 2 * * *', 'Asia/Tokyo'), { ok: true, value: '1 2 * * * Asia/Tokyo' });
  for (const [written, zone] of [
    ['0 0 31 2 *'],
    ['61 * * * *'],
    ['0~9 * * * *'],
    ['0 0 L * *'],
    ['0 0 * * 1#2'],
    ['@often'],
    ['1 2 * * *', 'Mars/Base'],
  ])
    assert.equal(atOf(written as string, zone).ok, false, written);
});

/** What crontab(5) says: both days have to fit where one of them begins with `*`, else either is enough. */
function cronFits(time: string, at: Date): boolean {
  const fields = time.split(' ');
  const values = [
    at.getUTCMinutes(),
    at.getUTCHours(),
    at.getUTCDate(),
    at.getUTCMonth() + 1,
    at.getUTCDay(),
  ];
  const lowest = [0, 0, 1, 1, 0];
  const highest = [59, 23, 31, 12, 7];
  const fits = (index: number): boolean =>
    (fields[index] ?? '').split(',').some((part) => {
      const [range = '', step = '1'] = part.split('/');
      const [first = '', last = first] =
        range === '*' ? [String(lowest[index]), String(highest[index])] : range.split('-');
      const value = values[index] ?? 0;
      const all = index === 4 && value === 0 ? [0, 7] : [value];
      return all.some(
        (each) =>
          each >= Number(first) && each <= Number(last) && (each - Number(first)) % Number(step) === 0,
      );
    });
  const isAnd = fields[2]?.startsWith('*') === true || fields[4]?.startsWith('*') === true;
  return fits(0) && fits(1) && fits(3) && (isAnd ? fits(2) && fits(4) : fits(2) || fits(4));
}

test('a job is due exactly when cron would run the line, over a year', () => {
  const field = (least: number, most: number) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('*') },
      fc.integer({ min: least, max: most }).map(String),
      fc.integer({ min: 2, max: 5 }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc
        .uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 3 })
        .map((all) => all.join(',')),
    );
  fc.assert(
    fc.property(field(1, 28), field(1, 12), field(0, 6), (day, month, weekday) => {
      const time = `30 12 ${day} ${month} ${weekday}`;
      const at = atOf(time, undefined);
      // Some never come.
      if (!at.ok) return;
      const parsed = parseTimes(at.value, 'UTC');
      assert.ok(parsed.ok);
      const next = followSchedule(parsed.value);
      const start = Date.UTC(2026, 0, 1);
      const due: number[] = [];
      for (
        let moment = next(start);
        moment !== undefined && moment < start + 365 * 86_400_000;
        moment = next(moment)
      )
        due.push(moment);
      const expected = Array.from(
        { length: 365 },
        (_, index) => start + index * 86_400_000 + 12.5 * 3_600_000,
      ).filter((moment) => cronFits(time, new Date(moment)));
      assert.deepEqual(due, expected, `${time} as ${at.value}`);
    }),
    { numRuns: 40 },
  );
});

test('commands: input behind %, locks, nice, and shells only where one is needed', () => {
  for (const [written, expected] of [
    ['/bin/a -x "b c"', { run: ['/bin/a', '-x', 'b c'], locks: [] }],
    ['a > /dev/null 2>&1', { run: ['sh', '-c', 'exec a > /dev/null 2>&1'], locks: [] }],
    ['cd /x && a', { run: ['sh', '-c', 'cd /x && a'], locks: [] }],
    ['flock -n /run/a.lock /bin/a', { run: ['/bin/a'], locks: ['a'], lockFile: '/run/a.lock' }],
    [
      '/usr/bin/flock -xn -w 5 /run/b nice -n 5 /bin/a | logger',
      { run: ['sh', '-c', '/bin/a | logger'], locks: ['b'], nice: 5, lockFile: '/run/b' },
    ],
    ["flock /run/a.lock -c 'a; b'", { run: ['sh', '-c', 'a; b'], locks: ['a'], lockFile: '/run/a.lock' }],
    ['flock -n 9 && a', { run: ['sh', '-c', 'flock -n 9 && a'], locks: [] }],
    ['flock -n /run/a.lock a; b', { run: ['sh', '-c', 'flock -n /run/a.lock a; b'], locks: [] }],
    ['nice a', { run: ['a'], locks: [], nice: 10 }],
  ] as const) {
    const { words: _, ...read } = readCommand(written, undefined, 'sh');
    assert.deepEqual(read, expected, written);
  }
  assert.deepEqual(splitInput('date +\\%F'), { command: 'date +%F' });
  assert.deepEqual(splitInput('mail x%a%%b\\%'), { command: 'mail x', input: 'a\n\nb%' });
  const { run } = readCommand('cat; printf E', 'END_OF_INPUT\n$HOME `x`', 'sh');
  const [shell = '', ...words] = run;
  assert.equal(
    spawnSync(shell, words, { encoding: 'utf8', timeout: 10_000 }).stdout,
    'END_OF_INPUT\n$HOME `x`\nE',
  );
});

const KINDS = [standIn('archive', archiveOptions), standIn('sync', syncOptions)];

function verbOf(command: string): object | string {
  const { words } = readCommand(command, undefined, 'sh');
  const { verb, notes } =
    words === undefined ? { verb: undefined, notes: ['a shell'] } : recognise(words, '/home/ann', KINDS);
  return (
    verb?.keys ??
    notes
      .join(' | ')
      .replace(/^look: /, '')
      .slice(0, 60)
  );
}

test('common lines become verbs that the verbs themselves take; what says more stays a command', () => {
  for (const [command, expected] of [
    [
      `find /srv/a -name '*.log' -mtime +7 -exec gzip {} \\;`,
      { archive: '/srv/a', to: 'gz', files: '**/*.log', older: '8d' },
    ],
    [
      `/usr/bin/find ~/a -maxdepth 1 -type f -name "*.x" ! -name '*.gz' -mmin +59 -exec zstd -q --rm -19 {} + >/dev/null 2>&1`,
      { archive: '/home/ann/a', to: 'zst', level: 19, files: '*.x', older: '1h' },
    ],
    ['pigz --best /srv/a/*.csv', { archive: '/srv/a', to: 'gz', level: 9, files: '*.csv' }],
    ['rsync -az /srv/a/ host:/b/', { sync: '/srv/a', to: 'host:/b', links: 'keep' }],
    ['rsync -a /srv/a host:/b', { sync: '/srv/a', to: 'host:/b/a', links: 'keep' }],
    [
      `rsync -av --exclude=*.tmp --exclude '/c/' --bwlimit=500 -e "ssh -p 22 -i /k" u@host:/b/ /srv/a`,
      {
        sync: '/srv/a',
        from: 'u@host:/b',
        links: 'keep',
        exclude: ['**/*.tmp', '**/*.tmp/**', 'c/**'],
        bandwidth: '500K',
        identity: '/k',
        'ssh-options': ['Port=22'],
      },
    ],
  ] as const)
    assert.deepEqual(verbOf(command), expected, command);
  for (const [command, start] of [
    ['find /srv/a -mtime +7 -delete', 'it deletes what nobody has proved elsewhere'],
    ['find /srv/a -mtime +7 -exec rm -f {} +', 'it deletes what nobody has proved elsewhere'],
    ['find /srv/a -delete -name x', ''],
    ['find /srv/a -mtime 7 -exec gzip {} +', ''],
    ['find /srv/a -newer /x -exec gzip {} +', ''],
    ['find /srv/a -exec gzip -k {} +', ''],
    ['find /srv/a -exec zstd {} +', ''],
    ['find /srv/a -exec gzip -9 {} + -exec rm {} +', ''],
    ['find $LOGS -exec gzip {} +', '`archive` cannot say this as it is'],
    ['find /srv/a -exec xz {} +', '`archive` knows zstd and gzip'],
    ['gzip -c /srv/a/*.log', ''],
    ['gzip *.log', ''],
    ['rsync -a --delete /srv/a/ host:/b', '`sync`, which proves each copy, could take its place, but it d'],
    [
      'rsync -a --remove-source-files /srv/a/ host:/b',
      '`sync`, which proves each copy, could take its place, but it h',
    ],
    ['rsync -a /srv/a/ host::module', '`sync`, which proves each copy, could take its place, but it s'],
    ['rsync -a /srv/a /srv/b host:/c', '`sync`, which proves each copy, could take its place, but it h'],
    ['rsync -r /srv/a/ host:/b', '`sync`, which proves each copy, could take its place, but with'],
    ['rsync -a -e rsh /srv/a/ host:/b', '`sync`, which proves each copy, could take its place, but its '],
    ['gzip /srv/a/*.log && echo done', 'a shell'],
  ] as const) {
    const found = verbOf(command);
    assert.ok(
      typeof found === 'string' && found.startsWith(start.slice(0, 55)) && (start !== '' || found === ''),
      `${command}: ${JSON.stringify(found)}`,
    );
  }
});

test('a verb runs as root or as oneself; another user’s command stays a command', (t) => {
  const line = `find /srv/a -name '*.log' -mtime +7 -exec gzip {} +\n`;
  const verbs = (text: string, more: Partial<CrontabOptions>) =>
    importText(t, text, { verbs: KINDS, ...more }).jobs.map(({ keys }) => [
      Object.hasOwn(keys, 'archive'),
      keys['user'],
    ]);
  assert.deepEqual(verbs(`1 2 * * * ${line}`, {}), [[true, undefined]]);
  assert.deepEqual(verbs(`1 2 * * * ${line}`, { user: 'ann' }), [[false, 'ann']]);
  assert.deepEqual(verbs(`1 2 * * * ${line}`, { user: 'ann', self: 'ann' }), [[true, 'ann']]);
  assert.deepEqual(verbs(`1 2 * * * root ${line}1 3 * * * ann ${line}`, {}), [
    [true, 'root'],
    [false, 'ann'],
  ]);
});

test('variables, users, folders and who gets the mail', (t) => {
  const { drafted, jobs, said } = importText(
    t,
    `MAILTO=ann@x.example
API_KEY = "hush"
"LC_ALL"='C.UTF-8'
1 * * * * one
MAILTO=""
HOME=/srv/h
SHELL=/bin/bash
CRON_TZ=Europe/Helsinki
RANDOM_DELAY=5
2 * * * * two | three
MAILTO="ops@x.example,no address"
@hourly four
`,
    { user: 'ann' },
  );
  assert.deepEqual(said, []);
  const env = { API_KEY: '$API_KEY', LC_ALL: 'C.UTF-8' };
  assert.deepEqual(
    jobs.map(({ name, keys }) => [name, keys]),
    [
      ['one', { at: '1 * * * *', run: ['one'], env, cwd: '/home/ann', user: 'ann', notify: ['ann'] }],
      [
        'two',
        {
          at: '2 * * * * Europe/Helsinki',
          run: ['/bin/bash', '-c', 'two | three'],
          env,
          cwd: '/srv/h',
          user: 'ann',
          jitter: '5m',
        },
      ],
      [
        'four',
        {
          at: 'hourly Europe/Helsinki',
          run: ['four'],
          env,
          cwd: '/srv/h',
          user: 'ann',
          notify: ['ops'],
          jitter: '5m',
        },
      ],
    ],
  );
  assert.deepEqual(drafted.draft?.notify, {
    ann: { mail: 'ann@x.example', sendmail: '/usr/sbin/sendmail' },
    ops: { mail: 'ops@x.example', sendmail: '/usr/sbin/sendmail' },
  });
  assert.deepEqual(drafted.draft?.defaults, { notify: [] });
  const one = importText(t, 'MAILTO=ann\n1 * * * * one\n2 * * * * two\n').drafted.draft;
  assert.deepEqual(
    [Object.keys(one?.notify ?? {}), one?.defaults, one?.jobs?.[0]?.keys['notify']],
    [['ann'], undefined, undefined],
  );
});

test('which form a crontab has: by its path, its lines, or as somebody says', (t) => {
  const users = (text: string, more: Partial<CrontabOptions> = {}) =>
    importText(t, text, more).jobs.map(({ keys }) => [keys['user'], keys['run']]);
  assert.deepEqual(users('1 * * * * ann /bin/a\n@daily root /bin/b\n'), [
    ['ann', ['/bin/a']],
    ['root', ['/bin/b']],
  ]);
  assert.deepEqual(users('1 * * * * ann /bin/a\n@daily other /bin/b\n'), [
    [undefined, ['ann', '/bin/a']],
    [undefined, ['other', '/bin/b']],
  ]);
  assert.deepEqual(users('@daily other /bin/b\n', { hasUsers: true }), [['other', ['/bin/b']]]);
  assert.deepEqual(users('1 * * * * ann /bin/a\n', { user: 'root' }), [['root', ['ann', '/bin/a']]]);
});

test('names of jobs, after what a line is about', () => {
  for (const [command, name] of [
    ['/usr/local/bin/backup.sh --full', 'backup'],
    ['cd /srv/app && /usr/bin/php artisan schedule:run >> /dev/null 2>&1', 'artisan'],
    ['flock -n /run/x.lock python3 -u /srv/pull_all.py', 'pull_all'],
    ['test -x /a || { cd / && run-parts /etc/cron.daily; }', 'run-parts'],
    ['[ -d /x ] && sleep 5; FOO=1 nice -n 10 sudo -u me ./go.py', 'me'],
    ['find /srv/tmp/ -delete', 'find-tmp'],
    ['%', 'job'],
  ])
    assert.equal(nameOfCommand(command as string), name, command);
});

test('what cannot be read is told with its line', (t) => {
  for (const [text, ...said] of [
    ['# nothing\n', '1 cannot import /cron: it runs nothing'],
    [
      '1 2 * * *\nfour * * * * x\n* * * * x\n1 * * * * ok\n',
      '1 cannot read this line: write MINUTE HOUR DAY MONTH WEEKDAY COMMAND, or NAME=VALUE',
      '2 cannot read this line: write MINUTE HOUR DAY MONTH WEEKDAY COMMAND, or NAME=VALUE',
      '3 cannot read this line: write MINUTE HOUR DAY MONTH WEEKDAY COMMAND, or NAME=VALUE',
    ],
  ])
    assert.deepEqual(importText(t, text as string).said, said);
});

const word = fc.constantFrom(
  ...'* */5 1 2-3 mon @daily @reboot @x root ann gzip find /srv/a -exec {} \\; rsync -a h:/b /c flock -n /l nice cd && | > % \\% " \' $HOME `x` = MAILTO= SHELL=/bin/bash CRON_TZ=Europe/Paris API_TOKEN=x & # ~'.split(
    ' ',
  ),
  '\n',
  '\n',
);

test('no text makes it throw, and every line that runs something comes out', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'cron');
  const line = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => `1 2 * * ${words.join(' ')}`);
  const text = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.array(line, { maxLength: 6 }).map((lines) => `${lines.join('\n')}\n5 * * * * last\n`),
    },
    fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
    fc.string({ unit: 'binary', maxLength: 100 }),
  );
  let made = 0;
  await fc.assert(
    fc.asyncProperty(text, fc.boolean(), async (each, hasUsers) => {
      writeFileSync(file, each);
      const drafted = importCrontab({
        file,
        folder,
        zone: 'UTC',
        passwd: PASSWD,
        self: 'root',
        hasUsers,
        verbs: VERB_KINDS,
      });
      if (drafted.draft === undefined) return assert.ok(drafted.diagnostics.length > 0);
      const { notes, jobs = [], services } = drafted.draft;
      const said = [
        ...notes,
        ...jobs.flatMap((job) => job.notes),
        ...services.flatMap((service) => service.notes),
      ].join('\n');
      for (const [index, written] of each.split('\n').entries())
        if (/^\s*[\d*@]/.test(written))
          assert.match(said, new RegExp(`\\blines? (?:\\d+, )*${index + 1}\\b`), written);
      // To have the real parser read one takes 40 ms.
      if (made++ % 8 === 0) assert.ok((await finishImport(drafted, 'x', { folder })).text !== undefined);
    }),
    { numRuns: 100 },
  );
  assert.ok(made > 5, `${made} configs`);
});
