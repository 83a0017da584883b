import * as v from 'valibot';
import { formatDuration } from '../../src/core/durations.ts';
import { WATCH_DEFAULTS, watchKeys } from '../../src/watch/config.ts';
import type { WatchKind } from '../../src/watch/kind.ts';
import { WATCH_KINDS } from '../../src/watch/kinds/registry.ts';
import { isValue, type Key, keysIn, formText, readKeys } from './keys.ts';
import { code, marker, page, table } from './markdown.ts';

type Json = Readonly<Record<string, unknown>>;

/** The keys that every watch has, and what holds without them. */
const DEFAULTS: Readonly<Record<string, string>> = {
  every: 'by kind',
  timeout: 'by kind',
  fail: code(String(WATCH_DEFAULTS.fail.times)),
  ok: code(String(WATCH_DEFAULTS.ok)),
  hours: 'always',
  grace: code(formatDuration(WATCH_DEFAULTS.graceMs)),
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the config
  then: 'nothing is done',
};

function commonKeys(): readonly Key[] {
  return keysIn(readKeys(v.pipe(watchKeys, v.description('What every watch has.'))));
}

function keysOf(kind: WatchKind): readonly Key[] {
  return keysIn(readKeys(v.pipe(kind.options, v.description(kind.kind)) as v.GenericSchema));
}

/** The reference page of all kinds of watch. */
export function watchesPage(): string {
  return page([
    '# Watches reference',
    marker('the kinds of watch in src/watch/kinds/'),
    'A watch is `NAME: { KIND: …, options }`; KIND may be left out where NAME is one. What stands under KIND is its main option, or all of its options by name. How looks become states and actions is in [watches](../watches.md).',
    '## Keys of every watch',
    keyTable(commonKeys(), ({ name }) => DEFAULTS[name] ?? 'none'),
    ...WATCH_KINDS.flatMap((kind) => [
      `## ${code(kind.kind)}`,
      kindSentence(kind),
      keyTable(keysOf(kind), ({ required }) => (required ? '*required*' : 'none')),
    ]),
  ]);
}

function kindSentence({ kind, main, everyMs, timeoutMs }: WatchKind): string {
  const pace = `It looks every ${formatDuration(everyMs)}, for ${formatDuration(timeoutMs)} at most.${MORE[kind] ?? ''}`;
  return main === undefined ? pace : `Its main option is ${code(main)}. ${pace}`;
}

/** What holds for a kind alone. */
const MORE: Readonly<Record<string, string>> = {
  beat: ' Without more, `fail` and `ok` are 1; `grace` is how late a beat may be: 10s, with `at` and without `max-run` 1h.',
};

/** A table of keys, as the reference pages have it. */
export function keyTable(keys: readonly Key[], fallback: (key: Key) => string): string {
  const rows = keys.map((key) => [
    code(key.name),
    isValue(key) ? formText(key.content.form, code) : 'keys and values',
    fallback(key),
    key.description,
  ]);
  return table(['Key', 'Written as', 'Default', 'Meaning'], rows);
}

/** What an editor can check of `watch`: every key of every kind, each as any kind takes it. */
export function watchesJson(): Json {
  const common = commonKeys().map((key) => [key.name, jsonOf(key)] as const);
  const own = new Map<string, Json[]>();
  const add = (name: string, schema: Json): void => {
    const known = own.get(name) ?? [];
    if (!known.some((each) => JSON.stringify(each) === JSON.stringify(schema))) known.push(schema);
    own.set(name, known);
  };
  for (const kind of WATCH_KINDS) {
    const keys = keysOf(kind);
    const main = keys.find(({ name }) => name === kind.main);
    const properties = Object.fromEntries(keys.map((key) => [key.name, jsonOf(key)]));
    if (!keys.some(({ name }) => name === kind.kind))
      add(kind.kind, {
        anyOf: [
          ...(main === undefined ? [] : [jsonOf(main)]),
          { type: 'object', properties, additionalProperties: false },
          { type: 'null' },
        ],
      });
    for (const key of keys) add(key.name, jsonOf(key));
  }
  const options = [...own].map(([name, all]) => [name, all.length === 1 ? all[0] : { anyOf: all }] as const);
  const watch = {
    type: 'object',
    properties: Object.fromEntries([...common, ...options]),
    additionalProperties: false,
  };
  // Named as its kind, a watch may have its main option instead of keys; not said once for each kind, which would be long.
  const short = {
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', items: { type: 'string' } },
    ],
  };
  return { type: 'object', additionalProperties: { anyOf: [watch, { type: 'null' }, short] } };
}

function jsonOf(key: Key): Json {
  return { description: key.description, ...key.json };
}
