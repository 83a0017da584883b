import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { parseDocument } from 'yaml';
import { readCommitted } from '../../src/collect/committed.ts';
import { layoutOf } from '../../src/collect/layout.ts';
import { testFrames, writeFrames } from '../rig/frames.ts';
import { sha256 } from '../rig/lifecycle.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { NO_DUCKDB } from '../rig/querying.ts';
import { NO_RCLONE, startS3 } from '../rig/s3.ts';
import { startMailServer } from '../rig/smtp.ts';
import { jsonLines, ROOT, startDaemon, startVahti, vahti } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

const HOUR = 3_600_000;
/** Hours that are over, and one that is not. */
const HOURS = 4;
const COUNT = 1_500;

/** `vahti simulate firehose`, with recorded frames of four days ago. */
async function simulate(
  t: TestContext,
  folder: string,
): Promise<{ readonly url: string; readonly lines: number }> {
  const start = Math.floor(Date.now() / HOUR) * HOUR - 96 * HOUR;
  const frames = testFrames(COUNT, start, HOURS * HOUR + HOUR / 2);
  writeFrames(join(folder, 'frames.bin'), frames);
  const args = ['simulate', 'firehose', '--listen', '127.0.0.1:0', '--frames', 'frames.bin'];
  const simulator = startVahti(t, args, folder);
  const said = await until(
    () =>
      jsonLines<{ url?: string }>(simulator.output().stdout + simulator.output().stderr).find(
        ({ url }) => url,
      ),
    { deadlineMs: 20_000, what: 'the simulator to listen' },
  );
  return { url: String(said.url), lines: frames.reduce((sum, { lines }) => sum + lines, 0) };
}

/** All files below a folder but Vahti's own, by path, with their checksums. */
function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
  const own = paths.filter((path) => !path.startsWith('.vahti'));
  return Object.fromEntries(own.toSorted().map((path) => [path, sha256(readFileSync(join(folder, path)))]));
}

test('examples/sinitaivas: collected, packed, uploaded, deleted when it is proved to be there, and not before', {
  skip: NO_RCLONE,
}, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const [{ url, lines }, s3, mail] = await Promise.all([
    simulate(t, folder),
    startS3(t, 'sinitaivas'),
    startMailServer(t),
  ]);
  // The example as it is, but for who is at the other ends, and for times.
  const config = parseDocument(readFileSync(join(ROOT, 'examples/sinitaivas/vahti.yaml'), 'utf8'));
  for (const [path, value] of [
    [['services', 'firehose', 'collect', 'from'], url],
    [['notify', 'ops', 'smtp'], `smtp://127.0.0.1:${mail.port}`],
    [['notify', 'ops', 'group'], '0s'],
    [['jobs', 'upload', 'retry'], '1 every 1s'],
  ] as const)
    config.setIn(path, value);
  const old = join(folder, 'firehose_stream/2026-01-01');
  mkdirSync(old, { recursive: true });
  writeFileSync(join(old, '2026-01-01T00.ndjson'), 'lines of the old program\n');
  const remote = Object.entries(s3.env).map(([name, value]) => [name.replace('_STAND_', '_ALLAS_'), value]);
  // rclone knows no way to have a certificate of the machine's for a store without TLS.
  const env = { ...(Object.fromEntries(remote) as Record<string, string>), AWS_CA_BUNDLE: '' };
  const daemon = await startDaemon(t, String(config), folder, env);
  const into = join(folder, 'vahti');
  const run = async (job: string): Promise<string> => {
    const ran = await daemon.cli('jobs', 'run', job, '--wait');
    assert.equal(ran.code, 0, `${job}: ${ran.stderr}`);
    return ran.stderr;
  };
  const standing = async (name: string): Promise<string | undefined> =>
    (await daemon.status()).jobs.find((job) => job.name === name)?.standing;

  await until(
    async () => {
      const committed = await readCommitted(layoutOf(into));
      return committed?.checkpoint.k === lines && committed.closed.length === HOURS;
    },
    { deadlineMs: 30_000, what: 'all of the stream' },
  );
  const collected = filesIn(into);
  const closed = Object.keys(collected).filter((path) => !path.includes('.open.'));
  assert.equal(closed.length, HOURS);

  // The bucket takes nothing: the uploads fail, that is told, and nothing is deleted.
  s3.refuseWrites = { status: 403, code: 'AccessDenied' };
  await run('archive');
  await until(async () => (await standing('upload')) === 'failed', {
    deadlineMs: 20_000,
    what: 'the upload to fail for good',
  });
  const packed = filesIn(into);
  for (const path of closed) {
    assert.equal(packed[path], undefined, `${path} is packed`);
    assert.equal(sha256(zstdDecompressSync(readFileSync(join(into, `${path}.zst`)))), collected[path]);
  }
  assert.match(await run('clean'), /partly|refused|left/);
  assert.deepEqual(filesIn(into), packed, 'nothing is deleted that is nowhere else');
  const letter = await until(() => mail.letters.find(({ raw }) => raw.includes('job/upload has failed')), {
    deadlineMs: 20_000,
    what: 'a mail',
  });
  assert.match(letter.raw, /AccessDenied/);

  // It takes everything again.
  s3.refuseWrites = undefined;
  await run('upload');
  const objects = Object.fromEntries([...s3.objects].map(([key, { data }]) => [key, sha256(data)]));
  assert.deepEqual(
    objects,
    Object.fromEntries(Object.entries(packed).filter(([path]) => path.endsWith('.zst'))),
  );
  await run('clean');
  assert.deepEqual(
    Object.keys(filesIn(into)),
    Object.keys(collected).filter((path) => path.includes('.open.')),
  );
  assert.equal(readFileSync(join(old, '2026-01-01T00.ndjson'), 'utf8'), 'lines of the old program\n');
  assert.equal(s3.objects.size, HOURS);
  await until(
    () => mail.letters.length > 1 && mail.letters.every(({ to }) => to.includes('you@example.org')),
    {
      deadlineMs: 20_000,
      what: 'the mail that it is over',
    },
  );

  // What lies there and here is all that there ever was.
  const rows = [...s3.objects.values()].flatMap(({ data }) =>
    jsonLines<{ seq: number }>(zstdDecompressSync(data).toString()),
  );
  const open = Object.keys(filesIn(into)).flatMap((path) =>
    jsonLines<{ seq: number }>(readFileSync(join(into, path), 'utf8')),
  );
  assert.equal(rows.length + open.length, lines);
  const verified = await daemon.cli('collect', 'verify', 'firehose');
  assert.match(verified.stdout, /4 are not here any more.*the books account for all of them/);
  assert.equal((await daemon.service('firehose')).state, 'running');
  if (NO_DUCKDB === false) {
    const asked = await vahti(t, ['query', 'select count(*) as n from firehose', '--csv'], folder);
    assert.equal(asked.stdout, `n\n${open.length}\n`, asked.stderr);
  }
  assert.equal(existsSync(join(folder, '.vahti/ledger.db')), true);
});
