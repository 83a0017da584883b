import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sealLine } from '../../../src/core/sealed-line.ts';

const START = Date.UTC(2026, 6, 4);
const MINUTE_MS = 60_000;
const PIECE = 4e6;
const WORDS =
  'the a of to sky blue post like follow now here cat dog hello world paper data sun rain time what love'.split(
    ' ',
  );

/** Makes a collector's folder: closed parts, a minute each, of so many bytes together, with their manifest. */
export function makeParts(root: string, files: number, bytes: number): void {
  mkdirSync(join(root, '.vahti'), { recursive: true });
  const manifest = openSync(join(root, '.vahti/manifest.ndjson'), 'w');
  const nextLines = createLines();
  for (let index = 0; index < files; index += 1) {
    const minute = new Date(START + index * MINUTE_MS).toISOString();
    const part = `${minute.slice(0, 10)}/${minute.slice(0, 13)}${minute.slice(14, 16)}`;
    const path = join(root, `${part}.ndjson`);
    mkdirSync(dirname(path), { recursive: true });
    const hash = createHash('sha256');
    const fd = openSync(path, 'w');
    let written = 0;
    while (written < bytes / files) {
      const piece = Buffer.from(nextLines(Math.min(PIECE, bytes / files - written)));
      hash.update(piece);
      written += writeSync(fd, piece);
    }
    closeSync(fd);
    const from = START + index * MINUTE_MS;
    const times = { from, to: from + MINUTE_MS, ino: statSync(path).ino, closed: from + 2 * MINUTE_MS };
    const counts = { epoch: 1, first: index, last: index, k: [index, index + 1], lines: 1, bytes: written };
    writeFileSync(manifest, sealLine({ v: 1, part, ...counts, sha256: hash.digest('hex'), ...times }));
  }
  closeSync(manifest);
}

/** Lines as a collector writes them of posts, with identifiers that do not compress. */
function createLines(): (bytes: number) => string {
  let seq = 29_000_000_000;
  const identifier = (bytes: number, characters: number): string =>
    randomBytes(bytes).toString('hex').slice(0, characters);
  return (bytes) => {
    let text = '';
    while (text.length < bytes) {
      seq += 3;
      const time = new Date(START + seq / 100).toISOString();
      const words = Array.from(
        { length: 5 + Math.floor(Math.random() * 30) },
        () => WORDS[Math.floor(Math.random() * WORDS.length)],
      );
      const rkey = identifier(7, 13);
      const record = { $type: 'app.bsky.feed.post', createdAt: time, langs: ['en'], text: words.join(' ') };
      const commit = { rev: rkey, operation: 'create', collection: 'app.bsky.feed.post', rkey, record };
      const did = `did:plc:${identifier(15, 24)}`;
      text += `${JSON.stringify({ seq, time, received: time, did, kind: 'commit', commit })}\n`;
    }
    return text;
  };
}
