import * as v from 'valibot';
import { didYouMean } from '../../core/suggest.ts';
import { validate } from '../../core/validate.ts';
import { WATCH_DEFAULTS, watchEntries, type WatchKeys, watchKeys } from '../../watch/config.ts';
import type { WatchKind } from '../../watch/kind.ts';
import { WATCH_KINDS } from '../../watch/kinds/registry.ts';
import type { PlannedWatch } from '../plan.ts';
import { type Notes, report } from './notes.ts';

type Options = Readonly<Record<string, unknown>>;

/** One watch as it is written. */
interface Written {
  readonly service: string;
  readonly name: string;
  readonly at: readonly string[];
  readonly keys: Options;
}

/** The watches of a service, each checked by its kind; those with mistakes are left out, and reported. */
export function resolveWatches(
  notes: Notes,
  service: string,
  watches: Options | undefined,
): readonly PlannedWatch[] {
  return Object.entries(watches ?? {}).flatMap(([name, written]) => {
    const at = ['services', service, 'watch', name];
    if (!WATCH_NAME.test(name)) {
      const form = 'use letters, digits, dots, dashes and underscores, up to 63';
      report(notes, 'error', at, 'key', `cannot name a watch ${JSON.stringify(name)}: ${form}`);
    }
    const keys = written ?? {};
    if (typeof keys !== 'object' || Array.isArray(keys)) {
      report(notes, 'error', at, 'value', `cannot use this for ${name}: it takes keys and values`);
      return [];
    }
    return resolveWatch(notes, { service, name, at, keys: keys as Options }) ?? [];
  });
}

const WATCH_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

function resolveWatch(notes: Notes, written: Written): PlannedWatch | undefined {
  const kind = kindOf(written);
  if (typeof kind === 'string') {
    report(notes, 'error', written.at, 'key', kind);
    return undefined;
  }
  const flat = flatten(kind, written);
  if (typeof flat === 'string') {
    report(notes, 'error', [...written.at, kind.kind], 'value', flat);
    return undefined;
  }
  const keys = check(notes, kind, written, flat);
  if (keys === undefined) return undefined;
  const { fail, ok, grace, every, timeout, hours, then: steps = [] } = keys;
  const own = Object.entries(flat.values).filter(([key]) => !Object.hasOwn(watchEntries, key));
  return {
    name: written.name,
    kind: kind.kind,
    options: Object.fromEntries(own),
    everyMs: every ?? kind.everyMs,
    timeoutMs: timeout ?? kind.timeoutMs,
    gate: {
      fail: fail ?? WATCH_DEFAULTS.fail,
      ok: ok ?? WATCH_DEFAULTS.ok,
      graceMs: grace ?? WATCH_DEFAULTS.graceMs,
    },
    ...(hours === undefined ? {} : { hours }),
    steps,
  };
}

/** The keys of a kind's options. */
function entriesOf(kind: WatchKind): v.ObjectEntries {
  return (kind.options as unknown as { readonly entries?: v.ObjectEntries }).entries ?? {};
}

/** Which kind a watch is of: the one that it has as a key, or the one that it is named as. Answers with what is wrong where that is not clear. */
function kindOf({ service, name, keys }: Written): WatchKind | string {
  const words = WATCH_KINDS.map(({ kind }) => kind);
  const named = words.filter((word) => Object.hasOwn(keys, word));
  // A kind may have an option that is called as another kind: who knows all of them is meant.
  const fitting = WATCH_KINDS.filter(
    (kind) =>
      (named.includes(kind.kind) || kind.kind === name) &&
      named.every((word) => word === kind.kind || Object.hasOwn(entriesOf(kind), word)),
  );
  const found = fitting.find(({ kind }) => named.includes(kind)) ?? fitting[0];
  if (found !== undefined) return found;
  const what = `cannot tell what the watch "${name}" of ${service} looks at`;
  if (named.length > 1) return `${what}: it has ${named.join(' and ')}, write one of them`;
  const others = [name, ...Object.keys(keys).filter((key) => !Object.hasOwn(watchEntries, key))];
  const meant = others.map((word) => didYouMean(word, words)).find((hint) => hint !== '') ?? '';
  return `${what}: write one of the keys ${words.join(', ')}${meant}`;
}

/** All keys of a watch side by side, and where each is written. */
interface Flat {
  readonly values: Options;
  readonly places: ReadonlyMap<string, readonly string[]>;
}

/** Brings what stands under the kind's own key (its main option, or a map of them) beside the other keys. */
function flatten(kind: WatchKind, { at, keys }: Written): Flat | string {
  const places = new Map<string, readonly string[]>();
  const values: Record<string, unknown> = {};
  const put = (key: string, value: unknown, place: readonly string[]): void => {
    values[key] = value;
    places.set(key, place);
  };
  const { main } = kind;
  for (const [key, value] of Object.entries(keys)) {
    const isMain = key === kind.kind && !Object.hasOwn(entriesOf(kind), key);
    if (!isMain) put(key, value, [...at, key]);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [inner, option] of Object.entries(value)) put(inner, option, [...at, key, inner]);
    else if (main !== undefined && value !== null) put(main, value, [...at, key]);
    else if (value !== null) return `cannot use a value for ${key}: it takes options`;
  }
  return { values, places };
}

/** Reports every mistake; answers with the keys that all watches have, where there is none. */
function check(
  notes: Notes,
  kind: WatchKind,
  { service, name, at }: Written,
  { values, places }: Flat,
): WatchKeys | undefined {
  const place = (path: readonly (string | number)[]): readonly (string | number)[] => {
    const [, , , , key, ...rest] = path;
    return [...(places.get(String(key ?? '')) ?? at), ...rest];
  };
  const nest = <T>(inner: T) => ({ services: { [service]: { watch: { [name]: inner } } } });
  const entries = { ...watchEntries, ...entriesOf(kind) };
  const schema = v.strictObject({
    services: v.strictObject({
      [service]: v.strictObject({ watch: v.strictObject({ [name]: v.strictObject(entries) }) }),
    }),
  });
  const source = {
    value: nest(values),
    locate: (path: readonly (string | number)[], what: 'key' | 'value') =>
      notes.source.locate(place(path), what),
  };
  const { value, diagnostics } = validate(schema, source, notes.file);
  // Two checks of one value may say the same of it.
  const said = new Set<string>();
  for (const each of diagnostics) {
    const text = JSON.stringify(each);
    if (!said.has(text)) notes.diagnostics.push(each);
    said.add(text);
  }
  if (value === undefined) return undefined;
  const isCommon = (key: string): boolean => Object.hasOwn(watchEntries, key);
  const split = (common: boolean) =>
    Object.fromEntries(Object.entries(values).filter(([key]) => isCommon(key) === common));
  const options = v.safeParse(kind.options, split(false));
  for (const { path, message } of options.issues ?? [])
    report(notes, 'error', [...at, ...(path ?? []).map(({ key }) => String(key))], 'value', message);
  if (!options.success) return undefined;
  const problems = kind.problems?.(options.output, { folder: notes.folder }) ?? [];
  for (const problem of problems) report(notes, 'error', at, 'key', problem);
  return problems.length > 0 ? undefined : v.parse(watchKeys, split(true));
}
