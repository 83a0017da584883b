import { type Diagnostic, sortDiagnostics } from '../../core/diagnostics.ts';
import { parseYaml, type Place, type YamlPath, type YamlSource } from '../../core/yaml-source.ts';
import type { ConfigFile } from './config-files.ts';

/** One config in many files: keys and values side by side. What two files say of the same key is a mistake, not a choice. */

/** Reads files as one document. Places name the file that they are in, where that is not the first. */
export function parseConfigs(files: readonly ConfigFile[]): YamlSource {
  const sources = files.map(({ file, text }) => ({ file, source: parseYaml(text, file) }));
  const [first] = sources;
  if (first === undefined || sources.length === 1) return first?.source ?? parseYaml('', '');
  const diagnostics: Diagnostic[] = sources.flatMap(({ source }) => source.diagnostics);
  const readable = sources.filter(({ source }) => source.value !== undefined && source.value !== null);
  const merged: Merged = { owners: new Map(), diagnostics };
  let value: unknown = null;
  for (const each of readable) value = mergeInto(merged, value ?? undefined, each, each.source.value, []);
  const isBroken = sources.some(({ source }) => source.value === undefined);
  return {
    value: isBroken ? undefined : value,
    diagnostics: sortDiagnostics(diagnostics),
    locate: (path, what) => locate(merged.owners, first, path, what),
  };
}

interface Named {
  readonly file: string;
  readonly source: YamlSource;
}

interface Merged {
  /** Who said something first, by path. */
  readonly owners: Map<string, Named>;
  readonly diagnostics: Diagnostic[];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mergeInto(
  merged: Merged,
  before: unknown,
  from: Named,
  value: unknown,
  path: readonly string[],
): unknown {
  const id = JSON.stringify(path);
  const owner = merged.owners.get(id);
  if (owner === undefined) merged.owners.set(id, from);
  if (isMap(value) && (before === undefined || isMap(before))) {
    const all = new Map(Object.entries(before ?? {}));
    for (const [key, item] of Object.entries(value))
      all.set(key, mergeInto(merged, all.get(key), from, item, [...path, key]));
    return Object.fromEntries(all);
  }
  if (owner === undefined) return value;
  const { line } = owner.source.locate(path, 'key');
  const message = `cannot set ${path.join('.') || 'the config'} twice: it stands in ${owner.file}:${line}`;
  merged.diagnostics.push({
    severity: 'error',
    message,
    file: from.file,
    ...from.source.locate(path, 'key'),
  });
  return before;
}

/** The place of a path is in the file that has the most of it. */
function locate(
  owners: ReadonlyMap<string, Named>,
  first: Named,
  path: YamlPath,
  what: 'key' | 'value',
): Place {
  for (let length = path.length; length > 0; length--) {
    const owner = owners.get(JSON.stringify(path.slice(0, length)));
    if (owner === undefined) continue;
    const place = owner.source.locate(path, what);
    return owner === first ? place : { ...place, file: owner.file };
  }
  return first.source.locate(path, what);
}
