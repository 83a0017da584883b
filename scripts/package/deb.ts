import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { BuildOptions } from './build.ts';
import { run } from './commands.ts';
import { type Product, tilde } from './product.ts';
import { type Tree, writeTree } from './tree.ts';

const ARCHITECTURE = { x64: 'amd64', arm64: 'arm64', all: 'all' } as const;
const BLOCK = 1024;

/**
 * Builds a .deb; the same to the byte for the same input. It is packed by gzip, which every dpkg reads that has a glibc for
 * our Node (Debian 11 cannot read zstd), and at once.
 * @returns its path.
 */
export async function buildDeb(
  product: Product,
  { out, work, epoch, compress }: BuildOptions,
): Promise<string> {
  const { name, version, architecture, tree, deb } = product;
  const root = path.join(work, `${name}-${architecture}-deb`);
  const control: Tree = {
    files: [
      text('control', controlFile(product)),
      text('conffiles', tree.files.flatMap((file) => (file.config ? [`${file.path}\n`] : [])).join('')),
      ...Object.entries(deb.scripts).map(([script, content]) => text(script, content, 0o755)),
    ],
    folders: [],
  };
  writeTree({ files: [...tree.files, ...control.files, sums(tree)], folders: tree.folders }, root, epoch);
  const file = path.join(out, `${name}_${tilde(version)}_${ARCHITECTURE[architecture]}.deb`);
  const packing = compress === 'gzip' ? ['-Zgzip', '-z6'] : ['-Znone'];
  await run('dpkg-deb', ['--build', '--root-owner-group', ...packing, root, file], {
    env: { SOURCE_DATE_EPOCH: String(epoch) },
  });
  fs.rmSync(root, { recursive: true });
  return file;
}

function text(name: string, content: string, mode = 0o644): Tree['files'][number] {
  return { path: `/DEBIAN/${name}`, mode, config: false, content: { text: content } };
}

function controlFile({ name, version, architecture, summary, description, tree, deb }: Product): string {
  const bytes = tree.files.map(({ content }) =>
    'text' in content ? Buffer.byteLength(content.text) : fs.statSync(content.file).size,
  );
  const size = bytes.reduce((total, each) => total + Math.ceil(each / BLOCK), tree.folders.length);
  const fields = {
    Package: name,
    Version: tilde(version),
    Architecture: ARCHITECTURE[architecture],
    Maintainer: 'The Vahti project <vahti@localhost>',
    'Installed-Size': String(size),
    Depends: deb.requires.join(', '),
    Recommends: deb.recommends.join(', '),
    Section: 'admin',
    Priority: 'optional',
    Description: `${summary}\n${description.map((paragraph) => ` ${paragraph}`).join('\n .\n')}`,
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}

/** What `dpkg --verify` compares with: all but the administrator's files. */
function sums({ files }: Tree): Tree['files'][number] {
  const lines = files.flatMap(({ path: at, config, content }) => {
    if (config) return [];
    const bytes = 'text' in content ? content.text : fs.readFileSync(content.file);
    return [`${createHash('md5').update(bytes).digest('hex')}  ${at.slice(1)}\n`];
  });
  return text('md5sums', lines.join(''));
}
