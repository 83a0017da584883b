import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { syncOptions } from './options.ts';
import { parsePlace, placeText } from '../../far/place.ts';
import { rsyncTrouble } from '../../far/rsync-ends.ts';
import { rsyncShellWords, shellWord } from '../../far/ssh.ts';
import { syncKind } from './sync.ts';

const problemsOf = (options: Record<string, unknown>): readonly string[] =>
  syncKind.problems?.(v.parse(syncOptions, { root: '/data', ...options }), {
    folder: '/etc/v',
    jobs: new Map(),
  }) ?? [];

test('places are told apart, and written as the ledger knows them', () => {
  const read = (text: string): string => {
    const place = parsePlace(text, '/etc/v');
    return place.ok ? `${place.value.kind} ${placeText(place.value)}` : place.error;
  };
  assert.equal(read('backup:/srv/x/'), 'ssh backup:/srv/x');
  assert.equal(read('me@10.0.0.1:~/x y'), 'ssh me@10.0.0.1:./x y');
  assert.equal(read('backup:x'), 'ssh backup:./x');
  assert.equal(read('backup:'), 'ssh backup:.');
  assert.equal(read('[::1]:/x'), 'ssh [::1]:/x');
  assert.equal(read('/mnt/a:b'), 'folder /mnt/a:b');
  assert.equal(read('copies'), 'folder /etc/v/copies');
  assert.equal(read('rclone:s3:bucket/a b/'), 'rclone rclone:s3:bucket/a b');
  for (const [text, why] of [
    ['rclone:/x', /a remote of rclone’s own configuration/],
    ['rclone::s3,secret_access_key=x:b', /a remote of rclone’s own configuration/],
    ['-oProxyCommand=x:/y', /is not the name of a host/],
    ['a;b:/y', /is not the name of a host/],
    ['ssh://backup/x', /write HOST:FOLDER/],
    ['host::module', /an rsync daemon cannot tell checksums/],
    ['backup:/srv/*', /is not possible/],
    ['backup:/a\nb', /line break/],
  ] as const)
    assert.match(read(text), why, text);
});

test('what cannot go together is said in the config', () => {
  assert.deepEqual(problemsOf({ to: 'backup:/x' }), []);
  assert.deepEqual(problemsOf({}), ['cannot sync /data: write either `to` or `from`']);
  assert.equal(problemsOf({ to: 'a:/x', from: 'b:/x' }).length, 1);
  assert.equal(problemsOf({ to: '/x', identity: 'k', 'ssh-options': 'Port=2' }).length, 2);
  assert.equal(problemsOf({ to: 'rclone:r:x', group: 'g', permissions: 'g+w', links: 'keep' }).length, 3);
  assert.equal(
    problemsOf({ from: 'a:/x', delete: { 'max-files': 1, 'max-bytes': '1M' }, links: 'copy' }).length,
    2,
  );
  assert.match(
    problemsOf({ to: 'a:/x', 'ssh-options': 'StrictHostKeyChecking=no' })[0] ?? '',
    /is fixed here$/,
  );
  assert.match(problemsOf({ to: 'a:/x', 'ssh-options': 'nonsense' })[0] ?? '', /write NAME=VALUE$/);
  for (const wrong of [
    { reverify: '30' },
    { reverify: '1/0' },
    { verify: 'size' },
    { permissions: '777; rm' },
    { group: '-g' },
    { delete: {} },
    { delete: true },
  ])
    assert.equal(
      v.safeParse(syncOptions, { root: '/data', to: 'a:/x', ...wrong }).success,
      false,
      JSON.stringify(wrong),
    );
});

test('words come through shells as they are', () => {
  assert.equal(shellWord(`it's $(x) "y"`), `'it'\\''s $(x) "y"'`);
  assert.equal(rsyncShellWords(['ssh', '-i', `/a b/it's`, 'Port=2']), `ssh -i '/a b/it''s' Port=2`);
});

test('every exit code of rsync has its meaning', () => {
  const end = (code: number, said: readonly string[] = []) =>
    rsyncTrouble({ exit: { kind: 'exited', code }, said }, 'backup');
  for (const code of [0, 23, 24, 25]) assert.equal(end(code), undefined, `${code}`);
  for (const code of [10, 12, 30, 35, 255]) assert.equal(end(code)?.passing, true, `${code}`);
  for (const code of [1, 2, 3, 4, 11, 127]) assert.equal(end(code)?.passing, false, `${code}`);
  assert.match(
    end(23, ['rsync: write failed on "/x": No space left on device (28)'])?.reason ?? '',
    /^the disk is full/,
  );
  assert.match(end(77)?.reason ?? '', /unknown exit code 77/);
  assert.match(end(255, ['Host key verification failed.'])?.reason ?? '', /not known by its host key/);
  assert.match(end(255, ['x@backup: Permission denied (publickey).'])?.reason ?? '', /does not let us in/);
  assert.match(end(127, ['bash: rsync: command not found'])?.reason ?? '', /finds no rsync at the far side/);
});
