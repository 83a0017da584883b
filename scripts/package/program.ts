import * as fs from 'node:fs';
import * as path from 'node:path';
import { run } from './commands.ts';
import type { NodeProgram } from './node-binary.ts';
import { list, modeOf, type PackageFile, type Tree } from './tree.ts';

const PROGRAM = '/usr/lib/vahti';
const DOCUMENTS = '/usr/share/doc/vahti';

/** What nothing needs that only runs; and what a checkout has beside its files. Names are relative to the program. */
const LEFT_OUT = [
  /\.d\.[cm]?ts$/,
  /\.map$/,
  /\/\./,
  /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/(?:test|tests|tsd|docs|examples|benchmarks)\//,
  /^examples\/[^/]+\/data\//,
];

/**
 * Makes the program in a folder: what `npm pack` packs, built, with the packages that the lock file names for production.
 * Nothing in the checkout is touched. What is different on each architecture is left out: it is Node alone.
 */
export async function buildProgram(root: string, folder: string): Promise<string> {
  const packed = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--silent', '--pack-destination', folder],
    { cwd: root },
  );
  const archive = archiveOf(packed);
  await run('tar', ['-xzf', path.join(folder, archive), '-C', folder, '--no-same-owner']);
  const program = path.join(folder, 'package');
  // What a checkout has there may be of yesterday.
  fs.rmSync(path.join(program, 'dist'), { recursive: true, force: true });
  fs.copyFileSync(path.join(root, 'package-lock.json'), path.join(program, 'package-lock.json'));
  const dist = path.join(program, 'dist');
  const build = (script: string, out: string): Promise<unknown> =>
    run(process.execPath, [`scripts/${script}`, '--out', out], { cwd: root });
  const omit = ['dev', 'optional', 'peer'].map((kind) => `--omit=${kind}`);
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  const both = await Promise.allSettled([
    build('build-program.ts', dist).then(() => build('build-page.ts', path.join(dist, 'web'))),
    run('npm', ['ci', ...omit, ...quiet], { cwd: program }),
  ]);
  // Not before both have ended: whoever hears of it takes the folder away.
  for (const each of both) if (each.status === 'rejected') throw each.reason;
  return program;
}

function archiveOf(packed: string): string {
  const [first] = JSON.parse(packed) as readonly { readonly filename: string }[];
  if (first === undefined) throw new Error(`cannot find what npm has packed: ${packed}`);
  return first.filename;
}

/** What the program installs, with a Node of its own. @param program as `buildProgram` made it. */
export function programTree(program: string, node: NodeProgram, version: string): Tree {
  const file = (at: string, from: string, mode = modeOf(from)): PackageFile => ({
    path: at,
    mode,
    config: false,
    content: { file: from },
  });
  const own = (name: string, to: string): PackageFile => file(`${to}/${name}`, path.join(program, name));
  const all = (below: string, to: string): PackageFile[] =>
    list(path.join(program, below))
      .map((name) => `${below}/${name}`)
      .filter((name) => !LEFT_OUT.some((pattern) => pattern.test(name)))
      .map((name) => own(name, to));
  const text = {
    ...(JSON.parse(fs.readFileSync(path.join(program, 'package.json'), 'utf8')) as object),
    version,
  };
  return {
    files: [
      ...['bin', 'dist', 'node_modules', 'schema'].flatMap((below) => all(below, PROGRAM)),
      ...['docs', 'examples'].flatMap((below) => all(below, DOCUMENTS)),
      file(`${PROGRAM}/bin/node`, node.binary, 0o755),
      file(`${DOCUMENTS}/LICENSE.node`, node.license),
      { ...own('package.json', PROGRAM), content: { text: `${JSON.stringify(text, undefined, 2)}\n` } },
      ...['README.md', 'LICENSE'].map((name) => own(name, DOCUMENTS)),
    ],
    folders: [PROGRAM, DOCUMENTS],
  };
}
