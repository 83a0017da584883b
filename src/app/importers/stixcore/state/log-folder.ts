import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, relative } from 'node:path';

/** What the files in Pipeline.log_dir say of the telemetry that is there: see docs/import-stixcore.md. */
export interface LogSurvey {
  /** Ran to their end. Paths below the folder of telemetry. */
  readonly done: readonly string[];
  /** Ran to their end with errors that nobody looked at again. */
  readonly withErrors: readonly string[];
  /** Older than `last_processed`: STIXCore would never take them. */
  readonly old: readonly string[];
  /** Will be done, and why STIXCore has not. */
  readonly open: readonly { readonly path: string; readonly why: string }[];
  /** Names with logs whose telemetry lies elsewhere by now. */
  readonly elsewhere: number;
  /** By path of a product: the telemetry files whose `.out` has it, by path. */
  readonly madeOf: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly string[];
}

const MATCH = /PktTmRaw.*.xml$/;
/** A line is a path; more in one file is none of STIXCore's. */
const MOST_LINES = 100_000;

/**
 * Reads the ledger that STIXCore keeps as files. Nothing is written.
 * @param lastProcessed the name of an `.out` file, or nothing.
 * @throws Node's error where one of the two folders cannot be read.
 */
export function surveyLogs(logs: string, telemetry: string, lastProcessed: string): LogSurvey {
  const problems: string[] = [];
  const names = new Set(readdirSync(logs));
  const files = telemetryFiles(telemetry, problems);
  const watermark = watermarkOf(telemetry, files, lastProcessed, problems);
  const sorted = { done: [] as string[], withErrors: [] as string[], old: [] as string[] };
  const open: { path: string; why: string }[] = [];
  const madeOf = new Map<string, string[]>();
  for (const [name, paths] of files) {
    const has = (ending: string): boolean => names.has(`${name}${ending}`);
    if (paths.length > 1 && has('.out')) {
      problems.push(
        `${join(logs, name)}.out: ${paths.length} files have this name, ${paths.join(', ')}; none is taken for done`,
      );
      for (const path of paths) open.push({ path, why: 'others have its name, and one of them is done' });
      continue;
    }
    for (const path of paths) {
      if (has('.out')) addProducts(join(logs, `${name}.out`), path, madeOf, problems);
      if (has('.out') && has('.log')) sorted[has('.log.err') ? 'withErrors' : 'done'].push(path);
      else if (statSync(join(telemetry, path)).mtimeMs <= watermark) sorted.old.push(path);
      else if (has('.log')) open.push({ path, why: 'it was begun, and never came to its end' });
      else open.push({ path, why: has('.out') ? 'it has no .log' : 'it is new' });
    }
  }
  const elsewhere = [...names].filter((name) => name.endsWith('.out') && !files.has(name.slice(0, -4)));
  for (const name of elsewhere)
    if (MATCH.test(name.slice(0, -4))) addProducts(join(logs, name), undefined, madeOf, problems);
  return { ...sorted, open, elsewhere: elsewhere.length, madeOf, problems };
}

/** By base name: STIXCore knows no other, whatever the folder. */
function telemetryFiles(root: string, problems: string[]): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!MATCH.test(entry.name) || entry.name.startsWith('.')) continue;
    const path = relative(root, join(entry.parentPath, entry.name));
    if (!entry.isFile()) problems.push(`${join(root, path)}: it is no regular file, and is left`);
    else files.set(entry.name, [...(files.get(entry.name) ?? []), path]);
  }
  return files;
}

/** What is not younger is taken for done, as STIXCore does; nothing where it is not set, or its file is gone. */
function watermarkOf(
  root: string,
  files: ReadonlyMap<string, readonly string[]>,
  lastProcessed: string,
  problems: string[],
): number {
  if (lastProcessed === '') return Number.NEGATIVE_INFINITY;
  const path = files.get(basename(lastProcessed).replace(/\.out$/, ''))?.[0];
  if (path !== undefined) return statSync(join(root, path)).mtimeMs;
  problems.push(
    `last_processed of [Pipeline]: ${lastProcessed} is not in ${root}; STIXCore would end at its start`,
  );
  return Number.NEGATIVE_INFINITY;
}

function addProducts(
  file: string,
  telemetry: string | undefined,
  madeOf: Map<string, string[]>,
  problems: string[],
): void {
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n').slice(0, MOST_LINES);
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    if (!isAbsolute(line) || /[\0\ufffd]/.test(line)) {
      problems.push(`${file}:${index + 1}: this is no path of a product; the line is left`);
      continue;
    }
    const known = madeOf.get(line) ?? [];
    if (telemetry !== undefined) known.push(telemetry);
    madeOf.set(line, known);
  }
}
