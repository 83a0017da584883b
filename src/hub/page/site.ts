import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { createPackedFile, type Encoding, PACKED_ENDINGS, type PackedFile } from './packed-file.ts';

/** The files of the built page, in memory. */
export interface Site {
  /** @param path as in an address, decoded: `/assets/index-1a2b.js`. Undefined for what is none of its files. */
  find(path: string): Promise<SiteFile | undefined>;
}

export interface SiteFile extends PackedFile {
  /** Of HTTP. */
  readonly type: string;
  readonly hash: string;
  /** Its name changes with what is in it. */
  readonly isImmutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};
/** What is of none of these types is not shown: nobody meant it to be. */
const PACKABLE: readonly string[] = ['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt'];

const INDEX = 'index.html';
const ASSETS = '/assets/';
const LOOK_MS = 1000;
const MOST_FILES = 1000;
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * Only what was found in the folder is known by its path: no address leads out of it, nor over a symbolic link. A page that is built
 * anew is seen within a second, without a restart of the hub.
 */
export function createSite(
  folder: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Site {
  let files: ReadonlyMap<string, SiteFile> = new Map();
  let version = '';
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const { listed: found, isCut } = await listFiles(folder);
    const now = found.map(({ address, size, changed }) => `${address} ${size} ${changed}`).join('\n');
    if (now === version) return;
    if (isCut) log.warn('cannot show all of the page: it is too large', { folder, files: found.length });
    files = await readFiles(found, files);
    version = now;
  };
  /** Never rejects. */
  const lookOnce = (): Promise<void> => {
    if (looking !== undefined) return looking;
    if (clock.monotonic() - looked < LOOK_MS) return Promise.resolve();
    looked = clock.monotonic();
    looking = look()
      .catch((error: unknown) => log.warn('cannot read the page', { folder, error: String(error) }))
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };
  return {
    async find(path) {
      await lookOnce();
      return files.get(path);
    },
  };
}

interface Listed {
  readonly address: string;
  readonly path: string;
  readonly size: number;
  readonly changed: number;
}

/** None where the page is not built: it has an `index.html`. */
async function listFiles(
  folder: string,
): Promise<{ readonly listed: readonly Listed[]; readonly isCut: boolean }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile() && TYPES[extname(entry.name)] !== undefined)
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  if (!paths.includes(join(folder, INDEX))) return { listed: [], isCut: false };
  const listed: Listed[] = [];
  let bytes = 0;
  for (const path of paths.slice(0, MOST_FILES)) {
    const { size, mtimeMs } = await stat(path);
    bytes += size;
    if (bytes <= MOST_BYTES)
      listed.push({ address: `/${relative(folder, path)}`, path, size, changed: mtimeMs });
  }
  return { listed, isCut: listed.length < paths.length };
}

/** @param before what is the same is kept, with the forms that it was packed into. */
async function readFiles(
  listed: readonly Listed[],
  before: ReadonlyMap<string, SiteFile>,
): Promise<ReadonlyMap<string, SiteFile>> {
  const files = new Map<string, SiteFile>();
  for (const { address, path } of listed)
    files.set(address, await fileOf(address, path, before.get(address)));
  return files;
}

async function fileOf(address: string, path: string, before: SiteFile | undefined): Promise<SiteFile> {
  const bytes = await readFile(path);
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  if (before?.hash === hash) return before;
  const ending = extname(address);
  const isPackable = PACKABLE.includes(ending);
  const found = isPackable ? { br: await besideOf(path, 'br'), gzip: await besideOf(path, 'gzip') } : {};
  return {
    type: TYPES[ending] ?? '',
    hash,
    isImmutable: address.startsWith(ASSETS),
    ...(await createPackedFile(bytes, hash, isPackable, found)),
  };
}

/** What a build packed beforehand. */
async function besideOf(path: string, encoding: Encoding): Promise<Buffer | undefined> {
  return readFile(`${path}${PACKED_ENDINGS[encoding]}`).catch(() => undefined);
}
