/**
 * `npm run package`: makes the packages for Debian and Fedora and what is like them, for x64 and arm64, under out/.
 *
 *     npm run package                                    all of them
 *     npm run package -- --format deb --arch x64         these
 *     npm run package -- --out DIR                       elsewhere
 *
 * The time in them is SOURCE_DATE_EPOCH, else that of the last commit: the same commit gives the same bytes.
 * Needs npm with its registry (or what it keeps of it), tar, dpkg-deb and rpmbuild.
 *
 * Exit codes: 0 all is well, 1 something could not be built, 2 the arguments make no sense.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type { BuildOptions } from './package/build.ts';
import { run } from './package/commands.ts';
import { buildDeb } from './package/deb.ts';
import { type Architecture, fetchNode } from './package/node-binary.ts';
import { type Product, vahti, vahtiWatch } from './package/product.ts';
import { buildProgram } from './package/program.ts';
import { buildRpm } from './package/rpm.ts';

const ARCHITECTURES = ['x64', 'arm64'] as const;
const FORMATS = { deb: buildDeb, rpm: buildRpm } as const;
type FormatName = keyof typeof FORMATS;

interface Wanted {
  readonly architectures: readonly Architecture[];
  readonly formats: readonly FormatName[];
  readonly out: string;
}

/** What the arguments ask for, or what is wrong with them. */
function wanted(args: readonly string[]): Wanted | string {
  const names = Object.keys(FORMATS) as FormatName[];
  try {
    const { arch, format, out } = parseArgs({
      args: [...args],
      options: {
        arch: { type: 'string' },
        format: { type: 'string' },
        out: { type: 'string', default: 'out' },
      },
    }).values;
    const architectures = ARCHITECTURES.filter((each) => arch === undefined || each === arch);
    const formats = names.filter((each) => format === undefined || each === format);
    if (architectures.length === 0)
      return `cannot build for ${arch}: the architectures are ${ARCHITECTURES.join(', ')}`;
    if (formats.length === 0) return `cannot build ${format}: the formats are ${names.join(', ')}`;
    return { architectures, formats, out: path.resolve(out) };
  } catch (error) {
    return `cannot use the arguments: ${(error as Error).message}`;
  }
}

/** Says at once what would be missing at the end. */
async function checkPrograms(formats: readonly FormatName[]): Promise<void> {
  const builders = { deb: 'dpkg-deb', rpm: 'rpmbuild' } as const;
  for (const program of ['npm', 'tar', ...formats.map((format) => builders[format])])
    await run(program, ['--version']);
}

async function epochOf(root: string): Promise<number> {
  const said =
    process.env['SOURCE_DATE_EPOCH'] ??
    (await run('git', ['log', '-1', '--format=%ct'], { cwd: root })).trim();
  if (!/^\d+$/.test(said))
    throw new Error(`cannot use ${JSON.stringify(said)} as a time: it is seconds since 1970`);
  return Number(said);
}

async function build({ architectures, formats, out }: Wanted, root: string, work: string): Promise<void> {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const options: BuildOptions = { out, work, epoch: await epochOf(root), compress: 'gzip' };
  await checkPrograms(formats);
  fs.mkdirSync(out, { recursive: true });
  const program = await buildProgram(root, work);
  const products: Product[] = [];
  for (const arch of architectures)
    products.push(await vahti(program, await fetchNode(root, arch, path.join(work, arch)), version, arch));
  products.push(vahtiWatch(version));
  for (const product of products)
    for (const format of formats) {
      const file = await FORMATS[format](product, options);
      console.log(`${path.relative('.', file)}  ${(fs.statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
    }
}

async function main(args: readonly string[]): Promise<number> {
  const asked = wanted(args);
  if (typeof asked === 'string') {
    console.error(asked);
    return 2;
  }
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'vahti-package-'));
  try {
    await build(asked, path.resolve(import.meta.dirname, '..'), work);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
