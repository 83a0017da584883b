import type { EXIT } from '../../src/cli/exit-codes.ts';
import { code, marker, page, table } from './markdown.ts';

type Exits = Readonly<Record<keyof typeof EXIT, { readonly code: number; readonly meaning: string }>>;

/** The reference page of the exit codes. */
export function exitCodesPage(exits: Exits): string {
  const rows = Object.values(exits).map((exit) => [code(String(exit.code)), exit.meaning]);
  return page([
    '# Exit codes',
    marker('src/cli/exit-codes.ts'),
    'What the exit code of a `vahti` command means.',
    table(['Code', 'Meaning'], rows),
  ]);
}
