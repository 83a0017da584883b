import { join, resolve } from 'node:path';
import type { Diagnostic } from '../../core/diagnostics.ts';
import type { Drafted } from './draft.ts';
import { withOwnLogFiles } from './log-files.ts';
import { writeChecked } from './own-check.ts';

/** A config, ready to be written; undefined where there is any error. Everything that is wrong or odd comes with it. */
export interface ImportedConfig {
  readonly text: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Writes what an importer drafted, once the real parser has read it.
 * @param made the command that made it, for the head of the file.
 * @param target where it is going to stand: a file, or the folder of a `vahti.yaml`.
 */
export async function finishImport(
  { draft, diagnostics }: Drafted,
  made: string,
  target: { readonly file?: string; readonly folder: string },
): Promise<ImportedConfig> {
  if (draft === undefined) return { text: undefined, diagnostics };
  const file = resolve(target.file ?? join(target.folder, 'vahti.yaml'));
  const { text, here } = await writeChecked(withOwnLogFiles(draft), made, file);
  const warnings = here.map((each): Diagnostic => ({ ...each, severity: 'warning' }));
  return { text, diagnostics: [...diagnostics, ...warnings] };
}
