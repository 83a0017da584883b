import * as v from 'valibot';
import type { Diagnostic } from './diagnostics.ts';
import { didYouMean } from './suggest.ts';
import type { YamlSource } from './yaml-source.ts';

type Schema = v.GenericSchema<unknown, unknown>;

/**
 * Checks a parsed YAML document against a schema. Answers with the value where it fits, and with every mistake
 * at once where it does not: each with line and column, and with the word that was probably meant.
 */
export function validate<S extends Schema>(
  schema: S,
  source: Pick<YamlSource, 'value' | 'locate'>,
  file: string,
): { readonly value: v.InferOutput<S> | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const parsed = v.safeParse(schema, source.value ?? {});
  if (parsed.success) return { value: parsed.output, diagnostics: [] };
  const diagnostics = parsed.issues.map((issue): Diagnostic => {
    const path = pathOf(issue);
    const unknownKey = issue.type === 'strict_object' && issue.expected === 'never';
    const { line, column } = source.locate(path, unknownKey ? 'key' : 'value');
    return { severity: 'error', message: messageOf(issue, path, schema), file, line, column };
  });
  return { value: undefined, diagnostics };
}

type Path = readonly (string | number)[];

function pathOf(issue: v.BaseIssue<unknown>): Path {
  return (issue.path ?? []).map((item) => item.key as string | number);
}

function messageOf(issue: v.BaseIssue<unknown>, path: Path, schema: Schema): string {
  const where = path.length > 1 ? ` in ${path.slice(0, -1).join('.')}` : '';
  const name = String(path.at(-1) ?? 'the file');
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `cannot use the key "${name}"${where}${didYouMean(name, keysAt(schema, path.slice(0, -1)))}`;
  }
  if (issue.type === 'strict_object' && issue.path !== undefined && issue.received === 'undefined') {
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

/** The keys that the schema knows at a path. */
function keysAt(schema: Schema, path: Path): readonly string[] {
  let node: Node | undefined = unwrap(schema as unknown as Node);
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
