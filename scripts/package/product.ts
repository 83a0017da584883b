import * as fs from 'node:fs';
import * as path from 'node:path';
import { installedFiles } from './installed.ts';
import type { Architecture, NodeProgram } from './node-binary.ts';
import { programTree } from './program.ts';
import { filesBelow, joinTrees, list, type PackageFile, type Tree } from './tree.ts';

/** A package, in whatever format. */
export interface Product {
  readonly name: 'vahti' | 'vahti-watch';
  /** As package.json has it: `0.2.0-rc.1`. */
  readonly version: string;
  readonly architecture: Architecture | 'all';
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  readonly tree: Tree;
  readonly deb: Format;
  readonly rpm: Format;
}

interface Format {
  /** What it needs and what it is better with, as the format writes it. */
  readonly requires: readonly string[];
  readonly recommends: readonly string[];
  /** What runs when it comes and goes, by the name that the format has for it. */
  readonly scripts: Readonly<Record<string, string>>;
}

const HERE = import.meta.dirname;
const DOCUMENTS = '/usr/share/doc';

/** The whole program. @param program as `buildProgram` made it. */
export async function vahti(
  program: string,
  node: NodeProgram,
  version: string,
  architecture: Architecture,
): Promise<Product> {
  const root = path.join(HERE, 'vahti/root');
  const made = await installedFiles(path.join(root, 'etc/vahti/vahti.yaml'), version);
  const own = [...filesBelow(root, '/', 'vahti'), ...made, copyright('vahti')];
  const tree = joinTrees(programTree(program, node, version), {
    files: own,
    folders: ['/etc/vahti', '/etc/vahti/conf.d'],
  });
  return {
    name: 'vahti',
    version,
    architecture,
    summary: 'monitored data services',
    description: [
      'Turns any long-running data service on Linux into a monitored service, and takes its data where it has to be: restarts, watches, notifications, jobs, with systemd and without.',
      `It brings a Node of its own (${node.version}), below /usr/lib/vahti, and needs no other.`,
    ],
    tree,
    deb: {
      // What the program of Node asks for: readelf -V says GLIBC_2.28 and GLIBCXX_3.4.21 of both architectures.
      requires: ['libc6 (>= 2.28)', 'libgcc-s1 | libgcc1', 'libstdc++6 (>= 5.2)', 'passwd'],
      recommends: ['systemd', 'polkitd | policykit-1'],
      scripts: scripts('vahti', 'deb', tree),
    },
    rpm: {
      requires: [
        'libc.so.6(GLIBC_2.28)(64bit)',
        'libstdc++.so.6(GLIBCXX_3.4.21)(64bit)',
        'libgcc_s.so.1()(64bit)',
      ],
      recommends: ['systemd', 'polkit'],
      scripts: scripts('vahti', 'rpm', tree),
    },
  };
}

/** The daemon that only watches units; its program is that of the other package, from this version on. */
export function vahtiWatch(version: string): Product {
  const own = filesBelow(path.join(HERE, 'vahti-watch/root'), '/', 'vahti-watch');
  const tree = joinTrees({
    files: [...own, copyright('vahti-watch')],
    folders: ['/etc/vahti-watch', `${DOCUMENTS}/vahti-watch`],
  });
  return {
    name: 'vahti-watch',
    version,
    architecture: 'all',
    summary: 'watches units of systemd, and restarts them',
    description: [
      'A daemon of its own, separately started and stopped, which watches services that systemd runs: it sees what systemd does not, restarts through systemd, tells people, and never starts again what was stopped on purpose.',
    ],
    tree,
    deb: {
      requires: [`vahti (>= ${tilde(version)})`, 'systemd', 'passwd'],
      recommends: ['polkitd | policykit-1'],
      scripts: scripts('vahti-watch', 'deb', tree),
    },
    rpm: {
      requires: [`vahti >= ${tilde(version)}`, 'systemd'],
      recommends: ['polkit'],
      scripts: scripts('vahti-watch', 'rpm', tree),
    },
  };
}

/** Both formats: what comes before a version has a tilde. */
export function tilde(version: string): string {
  return version.replace('-', '~').replaceAll('-', '.');
}

/** Debian wants it, in a form of its own; elsewhere it does no harm. */
function copyright(name: string): PackageFile {
  const text = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: vahti

Files: *
Copyright: the authors of Vahti
License: Apache-2.0
 See /usr/share/common-licenses/Apache-2.0, or /usr/share/doc/vahti/LICENSE.
Comment:
 Below /usr/lib/vahti/node_modules each package has its own LICENSE and package.json, and
 /usr/share/doc/vahti/LICENSE.node is that of /usr/lib/vahti/bin/node.
`;
  return { path: `${DOCUMENTS}/${name}/copyright`, mode: 0o644, config: false, content: { text } };
}

/** The scripts of a package in a format, with the parts that several of them share. */
function scripts(name: Product['name'], format: 'deb' | 'rpm', tree: Tree): Record<string, string> {
  const folder = path.join(HERE, name, format);
  const users = tree.files.find((file) => file.path === `/usr/lib/sysusers.d/${name}.conf`)?.content;
  if (users === undefined) throw new Error(`cannot find the users that ${name} needs among its files`);
  const sysusers = ('text' in users ? users.text : read(users.file)).trim();
  const complete = (script: string): string =>
    script
      .replace('@ENSURE_USER@', () => read(path.join(HERE, 'ensure-user.sh')).trim())
      .replace('@ENSURE_FOLDERS@', () => read(path.join(HERE, 'ensure-folders.sh')).trim())
      .replaceAll('@SYSUSERS@', () => sysusers)
      .replaceAll('@USER@', () => name);
  return Object.fromEntries(
    list(folder).map((script) => [script, complete(read(path.join(folder, script)))]),
  );
}

function read(file: string): string {
  return fs.readFileSync(file, 'utf8');
}
