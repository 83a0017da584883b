import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { standIn } from '../../../../test/rig/verb-stand-in.ts';
import { archiveOptions } from '../../../jobs/verbs/archive/options.ts';
import { syncOptions } from '../../../jobs/verbs/sync/options.ts';
import { readCommand } from './command.ts';
import { splitInput } from './lines.ts';
import { nameOfCommand } from './names.ts';
import { recognise } from './verbs.ts';

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
    ['find $LOGS -exec gzip {} +', '`archive` could take its place, but a shell has to fill in'],
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
