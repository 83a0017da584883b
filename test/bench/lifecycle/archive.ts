/**
 * The verb `archive` beside `zstd -3 && zstd -t && sha256sum`, over the same made-up parts of a collector:
 * `node test/bench/lifecycle/archive.ts [--size MB] [--files N] [--rounds N] [--temp FOLDER] [--keep]`.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { sealLine } from '../../../src/core/sealed-line.ts';
import { benchFolder } from '../bench-folder.ts';
import { number } from '../number-text.ts';
import { median, table } from '../table.ts';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '500' },
    files: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    temp: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const FILES = Number(options.files);
const BYTES = (Number(options.size) * 1e6) / FILES;
const WORDS =
  'the a of to sky blue post like follow now here cat dog hello world paper data sun rain time what love'.split(
    ' ',
  );

let seq = 29_000_000_000;

/** Lines as a collector writes them of posts, with identifiers that do not compress. */
function lines(bytes: number): string {
  let text = '';
  while (text.length < bytes) {
    seq += 3;
    const time = new Date(1_783_000_000_000 + seq / 100).toISOString();
    const words = Array.from(
      { length: 5 + Math.floor(Math.random() * 30) },
      () => WORDS[Math.floor(Math.random() * WORDS.length)],
    );
    const rkey = randomBytes(7).toString('hex').slice(0, 13);
    const record = { $type: 'app.bsky.feed.post', createdAt: time, langs: ['en'], text: words.join(' ') };
    const commit = { rev: rkey, operation: 'create', collection: 'app.bsky.feed.post', rkey, record };
    const did = `did:plc:${randomBytes(15).toString('hex').slice(0, 24)}`;
    text += `${JSON.stringify({ seq, time, received: time, did, kind: 'commit', commit })}\n`;
  }
  return text;
}

function makeParts(root: string): void {
  mkdirSync(join(root, '.vahti'), { recursive: true });
  for (let index = 0; index < FILES; index += 1) {
    const part = `2026-07-04/2026-07-04T${String(index).padStart(2, '0')}`;
    const path = join(root, `${part}.ndjson`);
    mkdirSync(dirname(path), { recursive: true });
    const hash = createHash('sha256');
    const fd = openSync(path, 'w');
    let bytes = 0;
    while (bytes < BYTES) {
      const piece = Buffer.from(lines(Math.min(4e6, BYTES - bytes)));
      hash.update(piece);
      writeSync(fd, piece);
      bytes += piece.length;
    }
    closeSync(fd);
    const { ino } = statSync(path);
    const line = {
      v: 1,
      part,
      epoch: 1,
      first: 1,
      last: 2,
      k: [1, 2],
      lines: 2,
      bytes,
      sha256: hash.digest('hex'),
    };
    const times = { from: 1_783_000_000_000, to: 1_783_003_600_000, ino, closed: 1_783_003_700_000 };
    writeFileSync(join(root, '.vahti/manifest.ndjson'), sealLine({ ...line, ...times }), { flag: 'a' });
  }
}

interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly bytes: number;
}

/** Seconds of wall and processor time of a shell's command and all that it started. */
function measure(root: string, command: string): Cost {
  const script = `TIMEFORMAT='%R %U %S'; time { ${command} ; }`;
  const said = execFileSync('bash', ['-ec', `exec 3>&2; { ${script} 2>&3 >/dev/null; } 2>&1`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = said.trim().split(' ').map(Number);
  const archives = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.zst'),
  );
  return {
    wall,
    cpu: user + system,
    bytes: archives.reduce((sum, name) => sum + statSync(join(root, name)).size, 0),
  };
}

const folder = benchFolder({ temp: options.temp, keep: options.keep });
const source = join(folder, 'source');
makeParts(source);

function once(name: string, command: (root: string) => string): Cost {
  const root = join(folder, name);
  execFileSync('cp', ['-a', source, root]);
  execFileSync('sync');
  const cost = measure(root, command(root));
  rmSync(root, { recursive: true });
  return cost;
}

const CHAIN = 'zstd -q -3 "$1" -o "$1.zst" && zstd -q -t "$1.zst" && sha256sum "$1" && rm "$1"';
const contestants: Readonly<Record<string, (root: string) => string>> = {
  'vahti archive': (root) => {
    const state = join(folder, `state-${randomBytes(4).toString('hex')}`);
    mkdirSync(state);
    return `'${process.execPath}' '${join(import.meta.dirname, 'archive-run.ts')}' '${root}' '${state}'`;
  },
  'zstd -3 && zstd -t && sha256sum': (root) =>
    `find '${root}' -name '*.ndjson' -path '*/20*' -print0 | xargs -0 -n1 -P${availableParallelism()} sh -c '${CHAIN}' sh`,
};

const costs = new Map<string, Cost[]>();
for (let round = 0; round < Number(options.rounds); round += 1) {
  for (const [name, command] of Object.entries(contestants)) {
    const cost = once(`run-${round}`, command);
    costs.set(name, [...(costs.get(name) ?? []), cost]);
    process.stderr.write(`${name}: ${number(cost.cpu, 2)} s of processor, ${number(cost.wall, 2)} s\n`);
  }
}
const mb = (BYTES * FILES) / 1e6;
const rows = [...costs].map(([name, all]) => [
  name,
  number(median(all.map(({ cpu }) => cpu)), 2),
  number(mb / median(all.map(({ cpu }) => cpu))),
  number(median(all.map(({ wall }) => wall)), 2),
  number(mb / (median(all.map(({ bytes }) => bytes)) / 1e6), 2),
]);
process.stdout.write(
  `${number(mb)} MB of made-up lines in ${FILES} files, median of ${options.rounds} rounds, each read back and hashed\n\n`,
);
process.stdout.write(table(['', 'CPU s', 'MB per CPU s', 'wall s', 'ratio'], rows));
