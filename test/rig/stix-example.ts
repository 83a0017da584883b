import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { ROOT } from './vahti.ts';

const EXAMPLE = join(ROOT, 'examples/stix');

/** The folders that the README of the example makes. */
const FOLDERS = [
  'edds',
  'tm/incoming',
  'tm/processing',
  'soc/spice',
  'soc/soop',
  'spice/zips',
  'spice/kernels',
  'soop',
  'nas',
  'public',
  'conflicts',
  'lldp/requests',
];

/** The example in a folder of a test: its config with this very Node, and its generator. */
export interface StixExample {
  readonly config: Document;
  /** Runs `node generate.mjs ARGS`; answers with the paths that it has made. */
  generate(...args: string[]): readonly string[];
}

export function stixExample(folder: string): StixExample {
  cpSync(EXAMPLE, folder, { recursive: true });
  for (const each of FOLDERS) mkdirSync(join(folder, each), { recursive: true });
  const text = readFileSync(join(EXAMPLE, 'vahti.yaml'), 'utf8').replaceAll(
    '[node,',
    `[${process.execPath},`,
  );
  return {
    config: parseDocument(text),
    generate: (...args) =>
      execFileSync(process.execPath, ['generate.mjs', ...args], { cwd: folder, encoding: 'utf8' })
        .trim()
        .split('\n'),
  };
}
