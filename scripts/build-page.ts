/**
 * Builds the page that a hub serves into dist/web, with each file compressed beside it.
 *
 *     npm run build:web
 *     node scripts/build-page.ts --out DIR
 *
 * With `--if-possible` (at `npm ci`) it says so and goes on where its tools are not installed.
 * Exit codes: 0 built, or not possible; 1 it cannot be built.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const WEB = fileURLToPath(new URL('../web', import.meta.url));
const OUT = fileURLToPath(new URL('../dist/web', import.meta.url));

const BUILT_IN = ['svelte/LICENSE.md', 'uplot/LICENSE'];

/** Smaller than this a file does not get smaller in any way that matters. */
const WORTH_BYTES = 1024;

async function main(args: readonly string[]): Promise<number> {
  const { 'if-possible': isOptional, out: named } = parseArgs({
    args: [...args],
    options: { 'if-possible': { type: 'boolean', default: false }, out: { type: 'string' } },
  }).values;
  const out = named === undefined ? OUT : resolve(named);
  let vite: typeof import('vite');
  try {
    vite = await import('vite');
  } catch (error) {
    console.error(`cannot build the page: vite is not installed (${String(error)})`);
    return isOptional ? 0 : 1;
  }
  await vite.build({
    root: WEB,
    configFile: join(WEB, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: out },
  });
  writeFileSync(join(out, 'licenses.txt'), licenses());
  for (const path of globSync('**/*.{js,css,html,svg,json}', { cwd: out })) compress(join(out, path));
  return 0;
}

/** What is built in keeps its terms beside it. */
function licenses(): string {
  return BUILT_IN.map(
    (file) =>
      `${file}\n\n${readFileSync(fileURLToPath(new URL(`../node_modules/${file}`, import.meta.url)), 'utf8')}`,
  ).join('\n\n');
}

/** Once, as small as it gets, rather than at every request. */
function compress(file: string): void {
  const bytes = readFileSync(file);
  if (bytes.length < WORTH_BYTES) return;
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
}

process.exitCode = await main(process.argv.slice(2));
