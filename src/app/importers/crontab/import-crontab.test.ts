import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { archiveOptions } from '../../../jobs/verbs/archive/options.ts';
import { VERB_KINDS } from '../../../jobs/verbs/registry.ts';
import { finishImport } from '../import-config.ts';
import { type CrontabOptions, importCrontab } from './import-crontab.ts';
import { standIn } from '../../../../test/rig/verb-stand-in.ts';
import { anyText } from '../../../../test/rig/any-text.ts';

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

const KINDS = [standIn('archive', archiveOptions)];

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
    anyText({ maxLength: 100 }),
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
  assert.ok(made > 0, `${made} configs`);
});
