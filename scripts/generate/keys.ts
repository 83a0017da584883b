import * as v from 'valibot';
import { config } from '../../src/app/config/schema.ts';
import { type Default, defaultOf } from './defaults.ts';

/** One key of the config, as the schema knows it. In paths `NAME` stands for the names that the user gives. */
export interface Key {
  /** `services.NAME.restart.fast`; the whole config has the empty path. */
  readonly path: string;
  /** Its last word. */
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** What the schema adds to the JSON Schema of this key. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly content: Content;
}

type Content =
  | {
      readonly kind: 'value';
      /** How it is written: `a duration such as 90s`. */
      readonly form: string;
      readonly default: Default | undefined;
    }
  /** Keys that the schema names. */
  | { readonly kind: 'section'; readonly keys: readonly Key[] }
  /** Keys that the user names, all of them with the same content. */
  | { readonly kind: 'named'; readonly each: Key };

export type ValueKey = Key & { readonly content: Extract<Content, { kind: 'value' }> };

/** What is read of a valibot schema, whichever its kind. */
interface Node {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly value?: Node;
  readonly wrapped?: Node;
  readonly default?: unknown;
}

/** What stands around a schema: descriptions and metadata, of which the outermost holds, and whether it may be left out. */
interface Facts {
  readonly node: Node;
  readonly description: string | undefined;
  readonly form: unknown;
  readonly json: Readonly<Record<string, unknown>> | undefined;
  readonly required: boolean;
  readonly default: unknown;
}

function readFacts(outer: Node): Facts {
  const schema = outer as unknown as v.GenericSchema;
  const description = v.getDescription(schema);
  const { form, json } = v.getMetadata(schema) as { form?: unknown; json?: Facts['json'] };
  if (outer.wrapped === undefined)
    return { node: outer, description, form, json, required: true, default: undefined };
  const inner = readFacts(outer.wrapped);
  return {
    node: inner.node,
    description: description ?? inner.description,
    form: form ?? inner.form,
    json: json ?? inner.json,
    required: false,
    default: outer.default ?? inner.default,
  };
}

function readContent(facts: Facts, path: string, missing: string[]): Content {
  const { node, form, json } = facts;
  const inside = (name: string): string => (path === '' ? name : `${path}.${name}`);
  if (node.entries !== undefined) {
    const entries = Object.entries(node.entries);
    return { kind: 'section', keys: entries.map(([name, entry]) => readKey(entry, inside(name), missing)) };
  }
  if (node.type === 'record' && node.value !== undefined && readFacts(node.value).node.entries !== undefined)
    return { kind: 'named', each: readKey(node.value, inside('NAME'), missing) };
  if (typeof form !== 'string') missing.push(`${path} has no form`);
  if (json === undefined) missing.push(`${path} has no json`);
  return { kind: 'value', form: String(form), default: defaultOf(path, facts.default) };
}

function readKey(outer: Node, path: string, missing: string[]): Key {
  const facts = readFacts(outer);
  if (facts.description === undefined) missing.push(`${path || 'the config'} has no description`);
  return {
    path,
    name: path.slice(path.lastIndexOf('.') + 1),
    description: facts.description ?? '',
    required: facts.required,
    json: facts.json ?? {},
    content: readContent(facts, path, missing),
  };
}

/** The keys of a config schema, from its root. Throws where one lacks its description or how it is written, and names them all. */
export function readKeys(schema: v.GenericSchema = config): Key {
  const missing: string[] = [];
  const root = readKey(schema, '', missing);
  if (missing.length > 0) throw new Error(`cannot describe the config: ${missing.join(', ')}`);
  return root;
}

/** A key and all that is in it, in the order of the schema. */
export function allKeys(key: Key): readonly Key[] {
  return [key, ...keysIn(key).flatMap(allKeys)];
}

/** The keys right below a key. */
export function keysIn({ content }: Key): readonly Key[] {
  if (content.kind === 'section') return content.keys;
  return content.kind === 'named' ? [content.each] : [];
}

/** How a value is written, in a sentence; `mark` is put on each word that is meant literally. */
export function formText(form: string, mark: (word: string) => string = (word) => word): string {
  if (!form.includes(' | ')) return form;
  const words = form.split(' | ').map((word) => (word.includes(' ') ? word : mark(word)));
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

export function isValue(key: Key): key is ValueKey {
  return key.content.kind === 'value';
}
