import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { tempFolder } from '../rig/leaks.ts';
import { vahti } from '../rig/vahti.ts';

/** `vahti install --prefix`: into the root of an image, without root, without a systemd. */

function image(t: TestContext): string {
  const root = tempFolder(t);
  fs.mkdirSync(path.join(root, 'etc/vahti/conf.d'), { recursive: true });
  fs.mkdirSync(path.join(root, 'srv/app'), { recursive: true });
  fs.writeFileSync(
    path.join(root, 'etc/vahti/vahti.yaml'),
    'services:\n  a: { run: [sleep, "1"], writes: [out] }\n',
  );
  fs.writeFileSync(
    path.join(root, 'etc/vahti/conf.d/b.yaml'),
    `services:\n  b: { run: [sleep, "2"], cwd: ${root}/srv/app, boot: false }\n`,
  );
  return root;
}

test('an image gets what the machine is to have, with the paths that it will have', async (t) => {
  const root = image(t);
  const done = await vahti(t, ['install', '--prefix', root], root);
  assert.equal(done.code, 0, done.stderr);
  const units = path.join(root, 'etc/systemd/system');
  assert.deepEqual(fs.readdirSync(units).sort(), [
    'multi-user.target.wants',
    'vahti-a.service',
    'vahti-b.service',
    'vahti.service',
  ]);
  assert.deepEqual(fs.readdirSync(path.join(units, 'multi-user.target.wants')).sort(), [
    'vahti-a.service',
    'vahti.service',
  ]);
  const link = fs.readlinkSync(path.join(units, 'multi-user.target.wants/vahti.service'));
  assert.equal(link, '/etc/systemd/system/vahti.service');
  const files = fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile());
  for (const file of files.filter(({ parentPath }) => !parentPath.endsWith('conf.d'))) {
    const text = fs.readFileSync(path.join(file.parentPath, file.name), 'utf8');
    assert.ok(!text.includes(root), `${file.name} names ${root}`);
  }
  assert.match(
    fs.readFileSync(path.join(units, 'vahti-b.service'), 'utf8'),
    /^WorkingDirectory=\/srv\/app$/m,
  );
  assert.match(
    fs.readFileSync(path.join(root, 'etc/tmpfiles.d/vahti.conf'), 'utf8'),
    /^d \/var\/lib\/vahti\/out /m,
  );

  const again = await vahti(t, ['install', '--prefix', root], root);
  assert.equal(again.stdout, 'nothing to change\n');
  fs.rmSync(path.join(root, 'etc/vahti/conf.d/b.yaml'));
  assert.equal((await vahti(t, ['install', '--prefix', root, '--no-start'], root)).code, 0);
  assert.deepEqual(
    fs.readdirSync(units).filter((name) => name.includes('-b')),
    [],
  );
});

test('what is not ours stays as it is, and nothing else is written then', async (t) => {
  const root = image(t);
  const foreign = path.join(root, 'etc/systemd/system/vahti-a.service');
  fs.mkdirSync(path.dirname(foreign), { recursive: true });
  fs.writeFileSync(foreign, '[Service]\nExecStart=/bin/true\n');
  const done = await vahti(t, ['install', '--prefix', root], root);
  assert.equal(done.code, 1);
  assert.match(
    done.stderr,
    /cannot write \/etc\/systemd\/system\/vahti-a.service: it is there, and not of vahti install/,
  );
  assert.deepEqual(fs.readdirSync(path.dirname(foreign)), ['vahti-a.service']);
  assert.equal(fs.readFileSync(foreign, 'utf8'), '[Service]\nExecStart=/bin/true\n');
});

test('a config that does not lie in the image is refused, and so is one that is not there', async (t) => {
  const root = tempFolder(t);
  const missing = await vahti(t, ['install', '--prefix', root], root);
  assert.deepEqual(
    [missing.code, missing.stderr.includes(`cannot find ${root}/etc/vahti/vahti.yaml`)],
    [2, true],
  );
  const elsewhere = image(t);
  const file = path.join(elsewhere, 'etc/vahti/vahti.yaml');
  const outside = await vahti(t, ['install', '--prefix', root, '-c', file], root);
  assert.equal(outside.code, 2);
  assert.match(outside.stderr, /it does not lie there/);
});
