import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { run } from './commands.ts';

export type Architecture = 'x64' | 'arm64';

/** What the npm package of Node has that ours need. */
export interface NodeProgram {
  readonly version: string;
  readonly binary: string;
  readonly license: string;
}

interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
}

/** ELF(5): the machine that a program is for, e_machine. */
const MACHINE: Readonly<Record<Architecture, number>> = { x64: 62, arm64: 183 };

/** Fetches the Node of an architecture from the registry, into a folder. */
export async function fetchNode(root: string, arch: Architecture, folder: string): Promise<NodeProgram> {
  const name = `node-linux-${arch}`;
  const version = await fetchPackage(root, name, folder, ['bin/node', 'LICENSE']);
  const node = nodeOf(path.join(folder, 'package'), version);
  const machine = machineOf(node.binary);
  if (machine !== MACHINE[arch])
    throw new Error(
      `cannot use ${name}@${version}: its program is for machine ${machine} of ELF, not for ${MACHINE[arch]}`,
    );
  return node;
}

/** The Node in the folder of its package. */
export function nodeOf(folder: string, version: string): NodeProgram {
  return { version, binary: path.join(folder, 'bin/node'), license: path.join(folder, 'LICENSE') };
}

/**
 * Fetches a package from the registry, and some files of it into FOLDER/package.
 * @returns its version.
 * @throws where what comes is not what the lock file says, to the byte.
 */
export async function fetchPackage(
  root: string,
  name: string,
  folder: string,
  files: readonly string[],
): Promise<string> {
  const { version, integrity } = lockedPackage(root, name);
  fs.mkdirSync(folder, { recursive: true });
  const quiet = ['--silent', '--prefer-offline', '--pack-destination', folder];
  await run('npm', ['pack', ...quiet, `${name}@${version}`], { cwd: folder });
  const archive = path.join(folder, `${name}-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(fs.readFileSync(archive)).digest('base64')}`;
  if (found !== integrity)
    throw new Error(
      `cannot use ${name}@${version} of the registry: it is ${found}, and package-lock.json says ${integrity}`,
    );
  const wanted = files.map((file) => `package/${file}`);
  await run('tar', ['-xzf', archive, '-C', folder, '--no-same-owner', ...wanted]);
  fs.rmSync(archive);
  return version;
}

/** @throws where the lock file does not say it. */
function lockedPackage(root: string, name: string): LockedPackage {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Partial<LockedPackage>>>;
  };
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity?.startsWith('sha512-') !== true)
    throw new Error(`cannot find ${name} with a version and a sha512 in package-lock.json`);
  return { version, integrity };
}

/** e_machine of a program, or undefined where it is no ELF file. */
export function machineOf(file: string): number | undefined {
  const descriptor = fs.openSync(file, 'r');
  try {
    const head = Buffer.alloc(20);
    fs.readSync(descriptor, head, 0, head.length, 0);
    return head.toString('latin1', 0, 4) === '\x7fELF' ? head.readUInt16LE(18) : undefined;
  } finally {
    fs.closeSync(descriptor);
  }
}
