import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { packageFolder } from '../../core/own-package.ts';
import { errorCode } from '../../core/result.ts';

export type DuckDb = typeof import('@duckdb/node-api');

/** DuckDB is not installed with Vahti: it is 68 MiB, and only `vahti query` has use for it. */
export class NoDuckDbError extends Error {
  override readonly name = 'NoDuckDbError';
  readonly retryable = false;
  constructor() {
    super(`cannot query without DuckDB; install it: ${installCommand(import.meta.dirname)}`);
  }
}

/** @throws NoDuckDbError */
export async function loadDuckDb(): Promise<DuckDb> {
  try {
    return await import('@duckdb/node-api');
  } catch (thrown) {
    if (errorCode(thrown) === 'ERR_MODULE_NOT_FOUND') throw new NoDuckDbError();
    throw thrown;
  }
}

const PACKAGE = '@duckdb/node-api';

/** What puts DuckDB where the program at `from` finds it. */
export function installCommand(from: string): string {
  const home = packageFolder(from);
  const beside = dirname(home);
  if (basename(beside) !== 'node_modules') return `npm install --no-save --prefix ${home} ${PACKAGE}`;
  const project = dirname(beside);
  return existsSync(join(project, 'package.json'))
    ? `npm install --prefix ${project} ${PACKAGE}`
    : `npm install --global ${PACKAGE}`;
}
