import * as v from 'valibot';
import type { Diagnostic } from './diagnostics.ts';
import { didYouMean } from './suggest.ts';
import type { YamlSource } from './yaml-source.ts';

type Schema = v.GenericSchema<unknown, unknown>;

export interface Validated<T> {
  readonly value: T | undefined;
  /** What is left without the parts that are wrong, to be checked further, never to be used; undefined where nothing is. */
  readonly rest: T | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks a parsed YAML document against a schema. Answers with the value where it fits, and with every mistake
 * at once where it does not: each with line and column, and with the word that was probably meant.
 */
export function validate<S extends Schema>(
  schema: S,
  source: Pick<YamlSource, 'value' | 'locate'>,
  file: string,
): Validated<v.InferOutput<S>> {
  const value = source.value ?? {};
  const listPaths = listsForMaps(schema, value, []);
  const lists = listPaths.map((path): Diagnostic => {
    const name = path.length === 0 ? 'the file' : path.join('.');
    const message = `cannot use a list for ${name}: it takes keys and values`;
    return { severity: 'error', message, file, ...source.locate(path, 'value') };
  });
  const parsed = v.safeParse(schema, value);
  const rest = withoutFaults(schema, value, listPaths);
  if (parsed.success)
    return { value: lists.length > 0 ? undefined : parsed.output, rest, diagnostics: lists };
  const diagnostics = parsed.issues.map((issue): Diagnostic => {
    const path = pathOf(issue);
    const place = source.locate(path, isUnknownKey(issue) ? 'key' : 'value');
    return { severity: 'error', message: messageOf(issue, path, schema), file, ...place };
  });
  return { value: undefined, rest, diagnostics: [...lists, ...diagnostics] };
}

/** Takes out what is wrong until the rest fits: a wrong value with its key, a list whole, and what lacks a key whole. */
function withoutFaults<S extends Schema>(
  schema: S,
  value: unknown,
  faults: readonly Path[],
): v.InferOutput<S> | undefined {
  const rest: unknown = structuredClone(value);
  for (const path of faults) removeAt(rest, path);
  for (;;) {
    const parsed = v.safeParse(schema, rest);
    if (parsed.success) return Array.isArray(rest) ? undefined : parsed.output;
    const wrong = parsed.issues.map((issue) =>
      isMissingKey(issue) ? pathOf(issue).slice(0, -1) : pathOf(issue),
    );
    if (wrong.filter((path) => removeAt(rest, path)).length === 0) return undefined;
  }
}

/** Removes the key at a path, or the first list on the way there. False where nothing was to be removed. */
function removeAt(whole: unknown, path: Path): boolean {
  let map = whole;
  for (const [depth, key] of path.entries()) {
    if (typeof map !== 'object' || map === null || !Object.hasOwn(map, key)) return false;
    const inner: unknown = (map as Record<string | number, unknown>)[key];
    if (depth === path.length - 1 || Array.isArray(inner)) return Reflect.deleteProperty(map, key);
    map = inner;
  }
  return false;
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never';
}

function isMissingKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.path !== undefined && issue.received === 'undefined';
}

type Path = readonly (string | number)[];

function pathOf(issue: v.BaseIssue<unknown>): Path {
  return (issue.path ?? []).map((item) => item.key as string | number);
}

function messageOf(issue: v.BaseIssue<unknown>, path: Path, schema: Schema): string {
  const where = path.length > 1 ? ` in ${path.slice(0, -1).join('.')}` : '';
  const name = String(path.at(-1) ?? 'the file');
  if (isUnknownKey(issue)) {
    return `cannot use the key "${name}"${where}${didYouMean(name, keysAt(schema, path.slice(0, -1)))}`;
  }
  if (isMissingKey(issue)) {
    return `cannot do without "${name}"${where}`;
  }
  if (issue.kind === 'schema' && issue.message.startsWith('Invalid')) {
    return `cannot use ${shown(issue.input)} for ${name}${where}: ${expectation(issue)}`;
  }
  return `${issue.message} (${path.join('.')})`;
}

function expectation(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === 'Object') return 'it takes keys and values';
  if (issue.expected === 'Array') return 'it takes a list';
  return `expected ${issue.expected ?? 'something else'}`;
}

/** A value in a message, short. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

interface Node {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly value?: Node;
  readonly wrapped?: Node;
  readonly item?: Node;
  readonly pipe?: readonly Node[];
}

/** Where a list stands for keys and values: valibot takes a list for an object. */
function listsForMaps(schema: Node, value: unknown, path: Path): Path[] {
  const node = unwrap(schema);
  const map = node.type === 'strict_object' || node.type === 'record';
  if (!map || typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, item]) => {
    const inner = node.type === 'record' ? node.value : node.entries?.[key];
    return inner === undefined ? [] : listsForMaps(inner, item, [...path, key]);
  });
}

/** The keys that the schema knows at a path. */
function keysAt(schema: Schema, path: Path): readonly string[] {
  let node: Node | undefined = unwrap(schema);
  for (const key of path) {
    if (node === undefined) return [];
    const next: Node | undefined = node.type === 'record' ? node.value : (node.entries?.[key] ?? node.item);
    node = next === undefined ? undefined : unwrap(next);
  }
  return Object.keys(node?.entries ?? {});
}

function unwrap(node: Node): Node {
  if (node.wrapped !== undefined) return unwrap(node.wrapped);
  const first = node.pipe?.[0];
  return first !== undefined && first !== node ? unwrap(first) : node;
}
