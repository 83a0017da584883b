import { globSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { mistake, readForeign } from '../foreign.ts';
import { expand, type Expansions } from './expand.ts';
import { type Ini, readIni } from './ini.ts';

const MOST_FILES = 1_000;
const HERE = '%(here)s';

/** A config of supervisord with all that it includes, in the order in which supervisord reads it. */
export function readFiles(
  file: string,
  environment: Expansions,
  diagnostics: Diagnostic[],
): { readonly ini: Ini; readonly notes: readonly string[] } {
  const ini: Ini = new Map();
  const notes: string[] = [];
  readOne(file, ini, diagnostics);
  const include = ini.get('include');
  if (include === undefined) return { ini, notes };
  const files = include.options.get('files');
  if (files === undefined) {
    diagnostics.push(
      mistake(file, 'cannot include: [include] has no files=', { line: include.line, column: 1 }),
    );
    return { ini, notes };
  }
  const base = dirname(resolve(file));
  const patterns = expand(files.value, new Map<string, string | number>([...environment, ['here', base]]));
  if (!patterns.ok) {
    diagnostics.push(mistake(files.file, `cannot include: ${patterns.error}`, files));
    return { ini, notes };
  }
  for (const pattern of patterns.value.split(/\s+/).filter((each) => each !== '')) {
    const found = globSync(resolve(base, pattern)).sort();
    if (found.length === 0) notes.push(`no file matches ${pattern} of [include]`);
    if (found.length > MOST_FILES)
      diagnostics.push(mistake(files.file, `cannot include ${found.length} files`, files));
    for (const each of found.slice(0, MOST_FILES)) readOne(each, ini, diagnostics);
  }
  return { ini, notes };
}

/** Reads one file; `%(here)s` is the folder of the file that it stands in. */
function readOne(file: string, ini: Ini, diagnostics: Diagnostic[]): void {
  const text = readForeign(file);
  if (!text.ok) {
    diagnostics.push(text.error);
    return;
  }
  readIni(text.value, file, ini, diagnostics);
  const here = dirname(resolve(file));
  for (const { options } of ini.values())
    for (const [name, option] of options)
      if (option.value.includes(HERE))
        options.set(name, { ...option, value: option.value.replaceAll(HERE, here) });
}
