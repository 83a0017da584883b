import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before } from 'node:test';
import type { BuildOptions } from '../../scripts/package/build.ts';
import { buildDeb } from '../../scripts/package/deb.ts';
import { type Architecture, nodeOf } from '../../scripts/package/node-binary.ts';
import { type Product, vahti, vahtiWatch } from '../../scripts/package/product.ts';
import { buildProgram } from '../../scripts/package/program.ts';
import { buildRpm } from '../../scripts/package/rpm.ts';
import { ROOT } from './vahti.ts';

/** The packages of this checkout, for this machine, and those of a later version: that of the program first. */
export interface BuiltPackages {
  readonly options: BuildOptions;
  readonly now: Built;
  readonly later: Built;
}

export interface Built {
  readonly version: string;
  readonly products: readonly [vahti: Product, watch: Product];
  readonly debs: readonly string[];
  readonly rpms: readonly string[];
}

/** Any time will do. */
const EPOCH = 1_700_000_000;
/** What the later version says in the files that are the administrator's. */
const LATER_CONFIG = '# Of the later version.\n';

/** Builds them before the tests of a file, and takes them away behind them. */
export function packagesOfFile(): () => BuiltPackages {
  let built: BuiltPackages | undefined;
  let folder: string | undefined;
  before(async () => {
    folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'vahti-packages-'));
    built = await build(folder);
  });
  after(() => {
    if (folder !== undefined) fs.rmSync(folder, { recursive: true });
  });
  return () => {
    if (built === undefined) throw new Error('the packages could not be built');
    return built;
  };
}

async function build(folder: string): Promise<BuiltPackages> {
  fs.chmodSync(folder, 0o755);
  const arch = process.arch as Architecture;
  const built = await buildProgram(ROOT, folder);
  // What is here came from the registry too, by npm ci: to fetch it once more takes its time.
  const node = nodeOf(path.join(ROOT, 'node_modules', `node-linux-${arch}`), process.versions.node);
  const of = async (version: string, change: (product: Product) => Product): Promise<Built> => {
    const program = await vahti(built, node, version, arch);
    const products = [change(program), change(vahtiWatch(version))] as const;
    const work = path.join(folder, version);
    fs.mkdirSync(work);
    const options = { out: folder, work, epoch: EPOCH, compress: 'none' } as const;
    const [debs, rpms] = [[] as string[], [] as string[]];
    for (const product of products) {
      debs.push(await buildDeb(product, options));
      rpms.push(await buildRpm(product, options));
    }
    return { version, products, debs, rpms };
  };
  const [now, later] = await Promise.all([of('0.9.0-rc.1', (same) => same), of('0.9.0', changeConfig)]);
  return { options: { out: folder, work: folder, epoch: EPOCH, compress: 'none' }, now, later };
}

function changeConfig(product: Product): Product {
  const files = product.tree.files.map((file) => {
    if (!file.path.endsWith('/vahti.yaml') || !file.config || !('file' in file.content)) return file;
    return { ...file, content: { text: `${fs.readFileSync(file.content.file, 'utf8')}${LATER_CONFIG}` } };
  });
  return { ...product, tree: { ...product.tree, files } };
}
