import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { buildDeb } from '../../scripts/package/deb.ts';
import { fetchPackage, machineOf } from '../../scripts/package/node-binary.ts';
import { buildRpm } from '../../scripts/package/rpm.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import type { BuiltPackages } from '../rig/packages.ts';
import { ROOT } from '../rig/vahti.ts';
import { noRoot, type ThrowawayRoot, throwawayRoot } from '../rig/throwaway-root.ts';

const inRoot = { skip: noRoot };

/** Mode, user and group of what is installed. */
const INSTALLED: Readonly<Record<string, string>> = {
  '/etc/vahti': '755 root root',
  '/etc/vahti/conf.d': '755 root root',
  '/etc/vahti/vahti.yaml': '644 root root',
  '/etc/vahti/env': '640 root vahti',
  '/usr/bin/vahti': '755 root root',
  '/usr/lib/vahti/bin/node': '755 root root',
  '/usr/lib/vahti/dist/cli/main.js': '644 root root',
  '/usr/lib/vahti/dist/web/index.html': '644 root root',
  '/usr/lib/systemd/system/vahti.service': '644 root root',
  '/usr/share/doc/vahti/copyright': '644 root root',
  '/usr/share/doc/vahti/docs/watches.md': '644 root root',
  '/usr/share/doc/vahti/examples/quickstart/vahti.yaml': '644 root root',
  '/var/lib/vahti': '750 vahti vahti',
  '/var/log/vahti': '750 vahti vahti',
  '/etc/vahti-watch/vahti.yaml': '644 root root',
  '/etc/vahti-watch/env': '640 root vahti-watch',
  '/etc/polkit-1/rules.d/50-vahti-watch.rules': '644 root root',
  '/usr/lib/systemd/system/vahti-watch.service': '644 root root',
  '/var/lib/vahti-watch': '750 vahti-watch vahti-watch',
  '/var/log/vahti-watch': '750 vahti-watch vahti-watch',
};
/** What is the administrator's or the daemons', and outlives all but a purge. */
const KEPT: Readonly<Record<string, string>> = {
  '/etc/vahti/vahti.yaml': '# mine\nservices: { clock: { run: [sleep, infinity] } }\n',
  '/etc/vahti-watch/vahti.yaml': '# mine\nstate: /var/lib/vahti-watch\nservices: { cron: { unit: cron } }\n',
  '/etc/polkit-1/rules.d/50-vahti-watch.rules': '// mine\n',
  '/etc/vahti/conf.d/more.yaml': 'services: {}\n',
  '/var/log/vahti/clock.log': 'a line\n',
  '/var/lib/vahti/state.db': 'state\n',
  '/var/log/vahti-watch/cron.log': 'a line\n',
};
const GONE = [
  '/usr/bin/vahti',
  '/usr/lib/vahti',
  '/usr/lib/systemd/system/vahti-watch.service',
  '/usr/share/doc/vahti',
];

async function checkInstalled(root: ThrowawayRoot, version: string): Promise<void> {
  const shown = await root.inside('stat', '--format=%n %a %U %G', ...Object.keys(INSTALLED));
  const found = shown
    .trim()
    .split('\n')
    .map((line): [string, string] => [line.replace(/ .*/, ''), line.replace(/^\S+ /, '')]);
  assert.deepEqual(Object.fromEntries(found), INSTALLED);
  for (const user of ['vahti', 'vahti-watch'])
    assert.match(
      await root.inside('getent', 'passwd', user),
      new RegExp(`^${user}:[^:]*:\\d+:\\d+:[^:]*:/var/lib/${user}:.*/nologin$`, 'm'),
    );
  assert.equal(await root.inside('readlink', '/var/lib/vahti-watch/logs'), '/var/log/vahti-watch\n');
  for (const unit of ['vahti', 'vahti-watch'])
    assert.equal(await root.inside('sh', '-c', `systemctl is-enabled ${unit} || true`), 'disabled\n');
  assert.equal(await root.inside('vahti', '--version'), `${version}\n`);
  assert.match(await root.inside('vahti', 'check', '-c', '/etc/vahti/vahti.yaml'), /is fine/);
  assert.match(await root.inside('vahti', 'check', '-c', '/etc/vahti-watch/vahti.yaml'), /is fine/);
}

/** What an administrator and a daemon do between the first version and the next. */
function live(root: ThrowawayRoot): Promise<unknown> {
  return Promise.all(
    Object.entries(KEPT).map(([file, text]) =>
      root.inside('sh', '-c', `printf '%s' "$2" > "$1"`, 'sh', file, text),
    ),
  );
}

async function checkKept(root: ThrowawayRoot, renamed: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const [file, text] of Object.entries(KEPT))
    assert.equal(await root.inside('cat', renamed[file] ?? file), text);
}

/** Which of these are there. */
async function present(root: ThrowawayRoot, files: readonly string[]): Promise<string[]> {
  const shown = await root.inside(
    'sh',
    '-c',
    'for file; do if [ -e "$file" ]; then echo "$file"; fi; done',
    'sh',
    ...files,
  );
  return shown.split('\n').filter((line) => line !== '');
}

/** The packages, installed by dpkg and by rpm into roots where no systemd runs and no network is. */
export function testInRoots(packages: () => BuiltPackages): void {
  test(
    'dpkg: installed without a network; an upgrade keeps logs and what was changed; removing keeps, purging deletes',
    inRoot,
    async (t) => {
      leakCheck(t);
      const { now, later } = packages();
      const root = await throwawayRoot(t);
      const dpkg = (...args: string[]): Promise<string> =>
        root.run(
          'dpkg',
          `--root=${root.path}`,
          // By default that of the machine, whatever the root is.
          `--log=${root.path}/var/log/dpkg.log`,
          '--force-unsafe-io',
          '--force-confold',
          ...args,
        );
      await dpkg('--install', ...now.debs);
      await checkInstalled(root, now.version);
      assert.equal(await root.inside('dpkg', '--verify', 'vahti', 'vahti-watch'), '');
      await live(root);
      await dpkg('--install', ...later.debs);
      await checkInstalled(root, later.version);
      await checkKept(root);
      assert.match(await root.inside('cat', '/etc/vahti/vahti.yaml.dpkg-dist'), /# Of the later version/);
      await dpkg('--remove', 'vahti-watch', 'vahti');
      await checkKept(root);
      assert.deepEqual(await present(root, GONE), []);
      await dpkg('--purge', 'vahti-watch', 'vahti');
      assert.deepEqual(await present(root, [...Object.keys(INSTALLED), ...Object.keys(KEPT)]), []);
    },
  );

  test(
    'rpm, where systemd has no programs that make users and folders: the same, but for the purge that it does not know',
    inRoot,
    async (t) => {
      leakCheck(t);
      const { now, later } = packages();
      const root = await throwawayRoot(t);
      await root.inside('sh', '-c', 'rm "$(command -v systemd-sysusers)" "$(command -v systemd-tmpfiles)"');
      // What it is for is not Debian, so that nothing which it needs is known here.
      const rpm = (...args: string[]): Promise<string> =>
        root.run('rpm', '--root', root.path, '--dbpath', '/var/lib/rpm', '--nodeps', ...args);
      await rpm('--install', ...now.rpms);
      // Without systemd-tmpfiles there is no link either.
      await root.inside('ln', '-sfn', '/var/log/vahti-watch', '/var/lib/vahti-watch/logs');
      await checkInstalled(root, now.version.replace('~', '-'));
      await live(root);
      await rpm('--upgrade', ...later.rpms);
      await checkInstalled(root, later.version);
      await checkKept(root);
      assert.match(await root.inside('cat', '/etc/vahti/vahti.yaml.rpmnew'), /# Of the later version/);
      await rpm('--erase', 'vahti', 'vahti-watch');
      const saved = [
        '/etc/vahti/vahti.yaml',
        '/etc/vahti-watch/vahti.yaml',
        '/etc/polkit-1/rules.d/50-vahti-watch.rules',
      ];
      await checkKept(root, Object.fromEntries(saved.map((file) => [file, `${file}.rpmsave`])));
      assert.deepEqual(await present(root, GONE), []);
    },
  );

  test('what is in them: Node for their machine, no types, maps, tests and packages for development; the same bytes each time', async (t) => {
    leakCheck(t);
    const { now, options } = packages();
    const [vahti, watch] = now.products;
    const files = vahti.tree.files.map((file) => file.path);
    const modules = files.filter((file) => file.startsWith('/usr/lib/vahti/node_modules/'));
    assert.ok(modules.some((file) => file.endsWith('/yaml/package.json')));
    assert.deepEqual(
      modules.filter((file) =>
        /\/node_modules\/(?:typescript|node-linux|fast-check)|\.map$|\.d\.ts$/.test(file),
      ),
      [],
    );
    assert.deepEqual(
      files.filter((file) => file.includes('.test.') || file.startsWith('/usr/lib/vahti/src')),
      [],
    );
    const node = vahti.tree.files.find((file) => file.path === '/usr/lib/vahti/bin/node');
    const machine = machineOf(node !== undefined && 'file' in node.content ? node.content.file : '');
    assert.equal(machine, process.arch === 'x64' ? 62 : 183);
    const again = { ...options, out: tempFolder(t), work: tempFolder(t) };
    for (const [product, first, build] of [
      [vahti, now.debs[0], buildDeb],
      [watch, now.debs[1], buildDeb],
      [watch, now.rpms[1], buildRpm],
    ] as const) {
      const second = await build(product, again);
      assert.equal(path.basename(second), path.basename(first ?? ''));
      assert.ok(fs.readFileSync(second).equals(fs.readFileSync(first ?? '')), `${second} is another one`);
    }
  });

  test('a package of the registry is taken only where it is what the lock file says', async (t) => {
    leakCheck(t);
    const folder = tempFolder(t);
    const [name, file] = ['atomic-sleep', 'index.js'];
    await fetchPackage(ROOT, name, path.join(folder, 'right'), [file]);
    assert.ok(fs.existsSync(path.join(folder, 'right/package', file)));
    const lock = fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8');
    const other = lock.replace(/("node_modules\/atomic-sleep": \{[^}]*"integrity": "sha512-)..../, '$1AAAA');
    assert.notEqual(other, lock);
    fs.writeFileSync(path.join(folder, 'package-lock.json'), other);
    await assert.rejects(
      fetchPackage(folder, name, path.join(folder, 'wrong'), [file]),
      /^Error: cannot use atomic-sleep@1\.0\.0 of the registry: it is sha512-.*, and package-lock\.json says sha512-AAAA/,
    );
    assert.equal(fs.existsSync(path.join(folder, 'wrong/package')), false);
  });
}
