import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { channelsPage } from './channels.ts';
import { cliPage } from './cli-page.ts';
import { configPage } from './config-page.ts';
import { exampleConfig } from './example.ts';
import { exitCodesPage } from './exit-codes-page.ts';
import { jobsPage } from './jobs.ts';
import { jsonSchema } from './json-schema.ts';
import { readKeys } from './keys.ts';
import { pageClient } from './page-client.ts';
import { watchesPage } from './watches.ts';

/** Texts by path, relative to the root of the repository. */
export type Files = ReadonlyMap<string, string>;

/** Every generated file, as the source says it. */
export function generateFiles(): Files {
  const keys = readKeys();
  return new Map([
    ['schema/vahti.schema.json', jsonSchema(keys)],
    ['docs/reference/config.md', configPage(keys)],
    ['docs/reference/watches.md', watchesPage()],
    ['docs/reference/channels.md', channelsPage()],
    ['docs/reference/jobs.md', jobsPage()],
    ['docs/reference/vahti.example.yaml', exampleConfig(keys)],
    ['docs/reference/cli.md', cliPage(buildProgram())],
    ['docs/reference/exit-codes.md', exitCodesPage(EXIT)],
    ['web/src/api/generated.ts', pageClient()],
  ]);
}

/** The files under `root` that are missing or say something else. */
export function findDrift(files: Files, root: string): readonly string[] {
  return [...files.keys()].filter((path) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== files.get(path);
  });
}

/** Writes the given files under `root`. */
export function writeFiles(files: Files, paths: readonly string[], root: string): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path) ?? '');
  }
}
