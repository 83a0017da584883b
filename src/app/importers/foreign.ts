import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { isMap, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { Diagnostic } from '../../core/diagnostics.ts';
import { asError, errorCode, err, ok, type Result } from '../../core/result.ts';
import type { Place, YamlPath } from '../../core/yaml-source.ts';

/** Configs are small: a larger file is a mistake. */
const MOST_BYTES = 1_048_576;
const MOST_ALIASES = 100;

/** Plain data of another program, and where each of its values stands. */
export interface Foreign {
  readonly value: unknown;
  readonly locate: (path: YamlPath) => Place;
}

export function mistake(file: string, message: string, place: Place = { line: 1, column: 1 }): Diagnostic {
  return { severity: 'error', message, file, ...place };
}

/** Reads a config file of another program as text; a byte order mark is dropped. */
export function readForeign(file: string): Result<string, Diagnostic> {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return err(mistake(file, `cannot import ${file}: it is no file`));
    if (stats.size > MOST_BYTES)
      return err(mistake(file, `cannot import ${file}: it is larger than ${MOST_BYTES} bytes`));
    const text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
    return text.includes('\0') ? err(mistake(file, `cannot import ${file}: it is no text`)) : ok(text);
  } catch (thrown) {
    if (errorCode(thrown) === undefined) throw thrown;
    const why = errorCode(thrown) === 'ENOENT' ? 'no such file' : asError(thrown).message;
    return err(mistake(file, `cannot import ${file}: ${why}`));
  }
}

/** Reads YAML as js-yaml does, merge keys (`<<`) too, or JSON with comments; every mistake of form at once. */
export function parseForeign(text: string, file: string): Result<Foreign, Diagnostic[]> {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const readable = extname(file) === '.json' ? blankComments(text) : text;
  const document = parseDocument(readable, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    merge: true,
    logLevel: 'error',
  });
  if (document.errors.length > 0) {
    return err(
      document.errors.map(({ message, pos }) =>
        mistake(
          file,
          `cannot read this: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
          placeAt(pos[0]),
        ),
      ),
    );
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return ok({ value, locate: (path) => placeAt(offsetOf(document.contents, path)) });
  } catch (thrown) {
    return err([mistake(file, `cannot read ${file}: ${asError(thrown).message}`)]);
  }
}

/** Where a value stands, its key where it has one; of a path that is not there, its nearest parent's. */
function offsetOf(root: Node | null, path: YamlPath): number {
  let offset = root?.range?.[0] ?? 0;
  let node: unknown = root;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const items = (node as { items?: readonly unknown[] } | null)?.items;
      const item = typeof step === 'number' ? items?.[step] : undefined;
      if (item === undefined || isPair(item)) break;
      offset = (item as Node).range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}

/** Spaces in place of what JavaScript takes for comments, so that every offset stays. */
function blankComments(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (match) =>
    match.startsWith('"') ? match : match.replace(/[^\n]/g, ' '),
  );
}
