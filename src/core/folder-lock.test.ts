import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lockFolder, networkFilesystem } from './folder-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'vahti-lock-'));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});
const fresh = (): string => mkdtempSync(join(root, 'f-'));

const CHILD = `
  import { lockFolder } from ${JSON.stringify(new URL('folder-lock.ts', import.meta.url).href)};
  const got = lockFolder(process.argv[1], { what: 'vahti up' });
  process.stdout.write(JSON.stringify(got.ok ? 'got it' : got.error) + '\\n');
  if (got.ok) setInterval(() => {}, 1000);
`;

interface Other {
  readonly child: ChildProcess;
  /** What it says first: that it has the lock, or why not. */
  readonly said: Promise<unknown>;
}

/** Another process that takes the lock and holds it. */
function startOther(folder: string): Other {
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return { child, said: once(child.stdout, 'data').then(([line]) => JSON.parse(String(line)) as unknown) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a held folder is refused by name of its holder, and free at once when that is killed', async () => {
  const folder = fresh();
  const { child, said } = startOther(folder);
  assert.equal(await said, 'got it');
  const refused = lockFolder(folder, { what: 'vahti down' });
  assert.ok(!refused.ok);
  assert.equal(refused.error.kind, 'held');
  assert.equal(refused.error.holder?.pid, child.pid);
  const { since } = refused.error.holder ?? {};
  assert.equal(
    refused.error.message,
    `cannot use ${folder}: vahti up (pid ${child.pid}, since ${since}) uses it`,
  );
  assert.match(String(since), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  await kill(child);
  const taken = lockFolder(folder, { what: 'vahti up' });
  assert.ok(taken.ok, 'the kernel frees it');
  const other = startOther(folder);
  assert.deepEqual(((await other.said) as { kind: string; holder: { pid: number } }).holder.pid, process.pid);
  taken.value.release();
});

test('a released folder can be taken by another process, and releasing twice harms nobody', async () => {
  const folder = fresh();
  const lock = lockFolder(folder, { what: 'this test' });
  assert.ok(lock.ok);
  lock.value.release();
  assert.equal(existsSync(join(folder, 'lock.json')), false);
  const { child, said } = startOther(folder);
  assert.equal(await said, 'got it');
  lock.value.release();
  assert.ok(existsSync(join(folder, 'lock.json')));
  assert.equal(lockFolder(folder, { what: 'this test' }).ok, false);
  await kill(child);
});

test('the same process cannot take a folder twice, and two folders do not hinder each other', () => {
  const [one, two] = [fresh(), fresh()];
  const first = lockFolder(one, { what: 'a' });
  const second = lockFolder(two, { what: 'b' });
  assert.ok(first.ok && second.ok);
  const again = lockFolder(one, { what: 'c' });
  assert.equal(!again.ok && again.error.holder?.what, 'a');
  first.value.release();
  const free = lockFolder(one, { what: 'd' });
  assert.ok(free.ok);
  free.value.release();
  second.value.release();
  assert.deepEqual(readdirSync(one), ['lock.db']);
});

test('of processes that begin together exactly one gets the folder', async () => {
  for (let round = 0; round < 3; round += 1) {
    const folder = fresh();
    const others = Array.from({ length: 5 }, () => startOther(folder));
    const said = await Promise.all(others.map((other) => other.said));
    assert.equal(said.filter((word) => word === 'got it').length, 1, JSON.stringify(said));
    await Promise.all(others.map((other) => kill(other.child)));
  }
});

test('a folder that is not there is an error, not a throw', () => {
  const missing = lockFolder(join(root, 'none'), { what: 'x' });
  assert.equal(!missing.ok && missing.error.kind, 'unusable');
});

test('network filesystems are known by their numbers, also as signed ones', () => {
  assert.equal(networkFilesystem(0x6969), 'NFS');
  assert.equal(networkFilesystem(0xff534d42), 'SMB');
  assert.equal(networkFilesystem(0xff534d42 | 0), 'SMB');
  assert.equal(networkFilesystem(0xfe534d42), 'SMB');
  assert.equal(networkFilesystem(0xef53), undefined);
});
