import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from '../../core/http.ts';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { createFakeClock, type FakeClock } from '../../../test/rig/fake-clock.ts';
import { startHub } from '../../../test/rig/hub-server.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { bestEncoding, isKnown } from './packed-file.ts';
import { registerPage } from './register.ts';
import { createSite } from './site.ts';

const INDEX = '<!doctype html><title>Vahti</title><div id="page"></div>';
const SCRIPT = 'const words = ["a service is late"];\n'.repeat(500);
const SECRET = 'not of the page';

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly bytes: Buffer;
  readonly text: string;
}

/** Asks for a path as it is written: `fetch` would mend it first. */
function ask(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text: bytes.toString(),
        });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

interface PageSite {
  readonly url: string;
  readonly folder: string;
  readonly clock: FakeClock;
  ask(path: string, headers?: Record<string, string>, method?: string): Promise<Answer>;
}

async function startPage(t: TestContext, build = writePage): Promise<PageSite> {
  leakCheck(t);
  const [folder, clock] = [join(tempFolder(t), 'web'), createFakeClock()];
  build(folder);
  const { url } = await startHub(t, {
    routes: [
      (app, doors) => registerPage(app, createSite(folder, { clock, log: doors.log })),
      (app) => app.post('/loki/api/v1/push', async () => 'pushed'),
    ],
  });
  return { url, folder, clock, ask: (path, headers, method) => ask(url, path, headers, method) };
}

function writePage(folder: string): void {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), INDEX);
  writeFileSync(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'assets/index-1a2b.js'), SCRIPT);
  writeFileSync(join(folder, 'assets/notes.md'), SECRET);
  writeFileSync(join(folder, '../secret.txt'), SECRET);
  symlinkSync('../secret.txt', join(folder, 'link.txt'));
  symlinkSync('..', join(folder, 'assets/up'));
}

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('the page and its files come with their policy, packed, and are asked for anew only when they changed', async (t) => {
  const page = await startPage(t);
  const index = await page.ask('/', HTML);
  assert.deepEqual([index.status, index.text], [200, INDEX]);
  const { headers } = index;
  assert.equal(
    headers['content-security-policy'],
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
  assert.deepEqual(
    [headers['content-type'], headers['cache-control'], headers['x-content-type-options'], headers['vary']],
    ['text/html; charset=utf-8', 'no-cache', 'nosniff', 'accept-encoding'],
  );
  for (const [accepts, unpack] of [
    ['gzip, deflate, br', brotliDecompressSync],
    ['gzip;q=1.0, br;q=0', gunzipSync],
    ['identity', (bytes: Buffer) => bytes],
  ] as const) {
    const script = await page.ask('/assets/index-1a2b.js', { 'accept-encoding': accepts });
    assert.deepEqual([script.status, unpack(script.bytes).toString()], [200, SCRIPT], accepts);
    assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
    const etag = String(script.headers['etag']);
    const known = { 'accept-encoding': accepts, 'if-none-match': `"x", W/${etag}` };
    const again = await page.ask('/assets/index-1a2b.js', known);
    assert.deepEqual([again.status, again.bytes.length, again.headers['etag']], [304, 0, etag]);
    const head = await page.ask('/assets/index-1a2b.js', { 'accept-encoding': accepts }, 'HEAD');
    assert.deepEqual(
      [head.status, head.bytes.length, head.headers['content-length']],
      [200, 0, String(script.bytes.length)],
    );
  }
  assert.equal((await page.ask('/favicon.svg')).headers['content-type'], 'image/svg+xml');
});

test('what the build packed is sent as it is; what does not unpack to the file is not', async (t) => {
  const page = await startPage(t, (folder) => {
    writePage(folder);
    const beside = (name: string, bytes: Buffer): void => writeFileSync(join(folder, 'assets', name), bytes);
    beside(
      'index-1a2b.js.br',
      brotliCompressSync(SCRIPT, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }),
    );
    beside('index-1a2b.js.gz', gzipSync(`${SCRIPT} of another build`));
  });
  const answers = new Map<string, Answer>();
  for (const encoding of ['br', 'gzip'])
    answers.set(encoding, await page.ask('/assets/index-1a2b.js', { 'accept-encoding': encoding }));
  const bytes = (encoding: string): Buffer => answers.get(encoding)?.bytes ?? Buffer.alloc(0);
  assert.deepEqual(bytes('br'), readFileSync(join(page.folder, 'assets/index-1a2b.js.br')));
  assert.equal(gunzipSync(bytes('gzip')).toString(), SCRIPT);
  assert.equal((await page.ask('/assets/index-1a2b.js.br')).status, 404);
});

test('an address of the page, or what a browser asks for as one, is the page; nothing of the hub’s own is', async (t) => {
  const page = await startPage(t);
  for (const path of [
    '/',
    '/services/alpha/web',
    '/logs?q=1',
    '/status',
    '/sign-in',
    '/tokens',
    '/index.html',
  ])
    assert.equal((await page.ask(path)).text, INDEX, path);
  assert.equal((await page.ask('/elsewhere/x', HTML)).text, INDEX);
  for (const path of ['/elsewhere', '/favicon.ico', '/services.js', '/%73ervicez'])
    assert.equal((await page.ask(path)).status, 404, path);
  const theirs = [
    '/loki/x',
    '/loki/api/v1/push',
    '/healthz/x',
    '/metrics/',
    '/ws',
    '/ws/x',
    '/assets/gone.js',
  ];
  for (const path of [...theirs, '//ws', '/assets/', '/assets/notes.md', '/link.txt/']) {
    const { status, text } = await page.ask(path, path === '/link.txt/' ? {} : HTML);
    if (path === '//ws') assert.ok(status === 404 || text === INDEX);
    else assert.equal(status, 404, `${path} ${text}`);
  }
  assert.equal((await page.ask('/healthz', HTML)).text, 'ok\n');
  assert.equal((await page.ask('/', HTML, 'POST')).status, 404);
});

test('whatever path is asked for, nothing comes that is no file of the page', async (t) => {
  const page = await startPage(t);
  const climbing = ['..', '.', '%2e%2e', '%2E.', '..%2f', '%5c..', '\\', '', '..;', '%252e%252e', 'C:', '~'];
  const there = ['web', 'assets', 'up', 'secret.txt', 'link.txt', 'notes.md', 'index.html', 'assets%2fup'];
  const odd = ['%00', 'etc', 'passwd', '%', '%ff', '__proto__'];
  const part = fc.constantFrom(...climbing, ...there, ...odd);
  const some = fc.array(fc.oneof({ weight: 9, arbitrary: part }, fc.webPath()), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(some, fc.boolean(), async (parts, isBrowser) => {
      const path = `/${parts.join('/')}`.replaceAll(/[^\x21-\x7e]/g, '');
      const { status, text } = await page.ask(path, isBrowser ? HTML : {});
      assert.ok([200, 400, 404].includes(status), `${path}: ${status} ${text}`);
      assert.ok(!text.includes(SECRET) && !text.includes('root:'), path);
      if (status === 200) assert.ok(text === INDEX || text === SCRIPT || text.startsWith('<svg'), path);
    }),
    { numRuns: 300 },
  );
});

test('a page that is not built says so, and is there within a second once it is; so is one that is built anew', async (t) => {
  const page = await startPage(t, () => {});
  const not = await page.ask('/', HTML);
  assert.deepEqual(
    [not.status, not.text, not.headers['content-type'], not.headers['cache-control']],
    [
      503,
      'cannot show the page: it is not built; run npm run build:web\n',
      'text/plain; charset=utf-8',
      'no-store',
    ],
  );
  assert.equal((await page.ask('/assets/index-1a2b.js')).status, 404);
  writePage(page.folder);
  await page.clock.advance(1000);
  const first = await page.ask('/');
  assert.equal(first.text, INDEX);
  writeFileSync(join(page.folder, 'index.html'), `${INDEX}<p>new`);
  assert.equal((await page.ask('/')).text, INDEX, 'nobody looks again within the second');
  await page.clock.advance(1000);
  const second = await page.ask('/', { 'if-none-match': String(first.headers['etag']) });
  assert.deepEqual([second.status, second.text], [200, `${INDEX}<p>new`]);
  // A file that a build wrote behind its index.
  writeFileSync(join(page.folder, 'assets/late.css'), 'p { color: red }');
  await page.clock.advance(1000);
  assert.equal((await page.ask('/assets/late.css')).status, 200);
  rmSync(page.folder, { recursive: true });
  await page.clock.advance(1000);
  assert.equal((await page.ask('/')).status, 503);
});

test('a browser gets the smallest form that it takes', () => {
  const rows = {
    br: ['br', 'gzip, deflate, br, zstd', 'BR', '*', 'gzip;q=1, br;q=0.1', 'br ; q=0.5'],
    gzip: ['gzip', 'gzip, br;q=0', '*;q=1, br;q=0', 'gzip;q=0.001'],
    none: ['', 'identity', 'deflate', '*;q=0', 'gzip;q=0', 'gzip;q=x', 'brotli'],
  };
  for (const [wanted, headers] of Object.entries(rows))
    for (const header of headers) assert.equal(bestEncoding(header) ?? 'none', wanted, header);
  assert.equal(bestEncoding(undefined), undefined);
  for (const [header, wanted] of [
    ['"a"', true],
    ['W/"a"', true],
    ['"b" , "a"', true],
    ['*', true],
    ['a', false],
    ['"aa"', false],
    ['', false],
    [undefined, false],
  ] as const)
    assert.equal(isKnown('"a"', header), wanted, String(header));
});
