import * as fs from 'node:fs';
import * as path from 'node:path';
import type { BuildOptions } from './build.ts';
import { run } from './commands.ts';
import { type Product, tilde } from './product.ts';
import { writeTree } from './tree.ts';

const ARCHITECTURE = { x64: 'x86_64', arm64: 'aarch64', all: 'noarch' } as const;
const RELEASE = '1';
const DOCUMENTS = '/usr/share/doc/';

/** Nothing is taken out of the files, looked for in them or added to them; times and names of the building machine are not in it. */
const MACROS: Readonly<Record<string, string>> = {
  __os_install_post: '%{nil}',
  debug_package: '%{nil}',
  _build_id_links: 'none',
  _buildhost: 'localhost',
  use_source_date_epoch_as_buildtime: '1',
  clamp_mtime_to_source_date_epoch: '1',
  source_date_epoch_from_changelog: '0',
};

/** Builds an .rpm; the same to the byte for the same input and the same rpmbuild. @returns its path. */
export async function buildRpm(
  product: Product,
  { out, work, epoch, compress }: BuildOptions,
): Promise<string> {
  const { name, version, architecture, tree } = product;
  const top = path.join(work, `${name}-${architecture}-rpm`);
  const root = path.join(top, 'root');
  fs.mkdirSync(root, { recursive: true });
  writeTree(tree, root, epoch);
  const target = ARCHITECTURE[architecture];
  const spec = path.join(top, `${name}.spec`);
  fs.writeFileSync(spec, specFile(product, root));
  const payload = compress === 'gzip' ? 'w6.gzdio' : 'w.ufdio';
  const macros = { ...MACROS, _topdir: top, _tmppath: top, _binary_payload: payload };
  const defines = Object.entries(macros).flatMap(([key, value]) => ['--define', `${key} ${value}`]);
  const ids = { SOURCE_DATE_EPOCH: String(epoch) };
  await run('rpmbuild', ['-bb', '--quiet', '--target', `${target}-linux`, ...defines, spec], { env: ids });
  const file = `${name}-${tilde(version)}-${RELEASE}.${target}.rpm`;
  fs.copyFileSync(path.join(top, 'RPMS', target, file), path.join(out, file));
  fs.rmSync(top, { recursive: true });
  return path.join(out, file);
}

function specFile(
  { name, version, summary, description, tree, architecture, rpm }: Product,
  root: string,
): string {
  const lines = (key: string, values: readonly string[]): string =>
    values.map((value) => `${key}: ${value}\n`).join('');
  const files = tree.files.map(({ path: at, mode, group = 'root', config }) => {
    const kind = config ? '%config(noreplace) ' : at.startsWith(DOCUMENTS) ? '%doc ' : '';
    return `${kind}%attr(0${mode.toString(8)}, root, ${group}) "${at}"\n`;
  });
  return `Name: ${name}
Version: ${tilde(version)}
Release: ${RELEASE}
Summary: ${summary}
License: Apache-2.0
AutoReqProv: no
${architecture === 'all' ? 'BuildArch: noarch\n' : ''}${lines('Requires', rpm.requires)}Requires(pre): /usr/sbin/useradd
${lines('Recommends', rpm.recommends)}
%description
${description.join('\n\n')}

%install
cp -al '${root}/.' '%{buildroot}/'

%files
${tree.folders.map((folder) => `%dir %attr(0755, root, root) "${folder}"\n`).join('')}${files.join('')}
${Object.entries(rpm.scripts)
  .map(([script, content]) => `%${script}\n${content.replaceAll('%', '%%')}`)
  .join('\n')}`;
}
