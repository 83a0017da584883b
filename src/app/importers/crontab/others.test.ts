import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VERB_KINDS } from '../../../jobs/verbs/registry.ts';
import { readCommand } from './command.ts';
import { shellNotes } from './others.ts';
import { recognise } from './verbs.ts';

/** The keys of the verb that a command becomes, or what a person is told of it. */
function verbOf(command: string): unknown {
  const { words } = readCommand(command, undefined, 'sh');
  if (words === undefined) return shellNotes(command)[0] ?? '';
  const { verb, notes } = recognise(words, '/home/ann', VERB_KINDS);
  return verb?.keys ?? notes[0] ?? '';
}

test('what moves settled files becomes a stage', () => {
  const keys = { stage: '/srv/in', to: '/srv/work', structure: 'flatten' };
  for (const [command, expected] of [
    [`find /srv/in -type f -mmin +2 -exec mv {} /srv/work/ \\;`, { ...keys, files: '**/*', delay: '3m' }],
    [`find /srv/in -maxdepth 1 -name '*.xml' -exec mv -n -t /srv/work {} +`, { ...keys, files: '*.xml' }],
    [
      `/usr/bin/find ~/in -type f -exec rsync -a --remove-source-files {} /srv/work/ \\;`,
      { ...keys, stage: '/home/ann/in', files: '**/*' },
    ],
  ] as const)
    assert.deepEqual(verbOf(command), expected, command);
});

test('what is plainly a job of a verb is told, and stays as it is; other lines say nothing', () => {
  for (const [command, expected] of [
    [
      `find /srv/in -type f -mmin +2 -exec rsync -a {} /srv/work/ \\;`,
      /^look: it copies, again and again, .*\{ stage: \/srv\/in, to: \/srv\/work\/, structure: flatten \}$/,
    ],
    [
      `find /srv/spice -name '*.zip' -exec unzip -o {} -d /srv/kernels \\;`,
      /\{ unpack: \/srv\/spice, to: \/srv\/kernels, files: "\*\*\/\*\.zip" \}$/,
    ],
    [
      'cd /srv/spice && for f in *.tar.gz; do tar -xzf "$f"; done',
      /\{ unpack: \/srv\/spice, to: FOLDER, files: "\*\.tar\.gz" \}$/,
    ],
    [
      'for f in /srv/a/*.zip; do unzip -o $f -d /srv/b; done',
      /\{ unpack: \/srv\/a, to: FOLDER, files: "\*\.zip" \}$/,
    ],
    ['/usr/sbin/logrotate -f /etc/logrotate.d/app', /^look: `rotate` could do what its configuration says/],
    ['git -C /srv/conf pull -q --ff-only', /\{ checkout: \/srv\/conf\.d, from: ADDRESS, branch: BRANCH \}$/],
    [
      'cd /srv/conf/ && git pull origin main >/dev/null',
      /\{ checkout: \/srv\/conf\.d, from: ADDRESS, branch: main \}$/,
    ],
    [
      'cd "/srv/conf" && git fetch --tags && git checkout $(git describe --tags $(git rev-list --tags --max-count=1))',
      /\{ checkout: \/srv\/conf\.d, from: ADDRESS, tag: latest \}$/,
    ],
    ['git -C /srv/conf status', /^$/],
    ['cd /srv/conf && git push', /^$/],
    ['cd /srv && ./pull.sh', /^$/],
    ['for f in *.csv; do unzip $f; done', /^$/],
    [`find /srv/a -exec mv {} {}.old \\;`, /^$/],
    [`find /srv/a -name '*.zip' -exec mv -b {} /srv/b \\;`, /^$/],
    [`find /srv/a -exec chown me {} /srv/b \\;`, /^$/],
    [`find in -exec mv {} /srv/b \\;`, /^$/],
  ] as const)
    assert.match(String(verbOf(command)), expected, command);
});
