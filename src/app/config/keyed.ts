import * as v from 'valibot';
import { validate } from '../../core/validate.ts';
import { type Notes, report } from './notes.ts';

/** What is named by one of its keys, whose options stand under that key or beside it: watches, channels, verbs. */

export type Options = Readonly<Record<string, unknown>>;

export interface Keyed {
  /** The key that names it. */
  readonly key: string;
  /** The option that a value under the key stands for where it is no map. */
  readonly main?: string;
  readonly options: v.GenericSchema;
}

/** One of them as it is written. */
export interface WrittenKeyed {
  readonly at: readonly string[];
  readonly keys: Options;
}

/** All keys side by side, and where each is written. */
export interface Flat {
  readonly values: Options;
  readonly places: ReadonlyMap<string, readonly string[]>;
}

/** The keys of a kind's options. */
export function entriesOf({ options }: Pick<Keyed, 'options'>): v.ObjectEntries {
  return (options as unknown as { readonly entries?: v.ObjectEntries }).entries ?? {};
}

/** Brings what stands under the kind's own key (its main option, or a map of them) beside the other keys. The error is a whole sentence, about the key. */
export function flatten(kind: Keyed, { at, keys }: WrittenKeyed): Flat | string {
  const places = new Map<string, readonly string[]>();
  const values: Record<string, unknown> = {};
  const put = (key: string, value: unknown, place: readonly string[]): void => {
    values[key] = value;
    places.set(key, place);
  };
  const { main } = kind;
  for (const [key, value] of Object.entries(keys)) {
    const isMain = key === kind.key && (main === key || !Object.hasOwn(entriesOf(kind), key));
    if (!isMain) put(key, value, [...at, key]);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [inner, option] of Object.entries(value)) put(inner, option, [...at, key, inner]);
    else if (main !== undefined && value !== null) put(main, value, [...at, key]);
    else if (value !== null) return `cannot use a value for ${key}: it takes options`;
  }
  return { values, places };
}

/** What was written, checked: the keys that all of the sort have as they are written, and those of the kind read. */
export interface Checked {
  readonly common: Options;
  readonly own: Options;
  readonly options: unknown;
}

/**
 * Reports every mistake; answers with the keys where there is none.
 * @param common the keys that all of the sort have.
 */
export function checkKeyed(
  notes: Notes,
  kind: Keyed,
  common: v.ObjectEntries,
  at: readonly string[],
  { values, places }: Flat,
): Checked | undefined {
  const place = (path: readonly (string | number)[]): readonly (string | number)[] => {
    const [key, ...rest] = path.slice(at.length);
    return [...(places.get(String(key ?? '')) ?? at), ...rest];
  };
  const source = {
    value: at.reduceRight<unknown>((inner, key) => ({ [key]: inner }), values),
    locate: (path: readonly (string | number)[], what: 'key' | 'value') =>
      notes.source.locate(place(path), what),
  };
  const entries = v.strictObject({ ...common, ...entriesOf(kind) });
  const schema = at.reduceRight<v.GenericSchema>((inner, key) => v.strictObject({ [key]: inner }), entries);
  const { value, diagnostics } = validate(schema, source, notes.file);
  // Two checks of one value may say the same of it.
  const said = new Map(diagnostics.map((each) => [JSON.stringify(each), each]));
  notes.diagnostics.push(...said.values());
  if (value === undefined) return undefined;
  const split = (isCommon: boolean): Options =>
    Object.fromEntries(Object.entries(values).filter(([key]) => Object.hasOwn(common, key) === isCommon));
  const own = split(false);
  const options = v.safeParse(kind.options, own);
  for (const { path, message } of options.issues ?? [])
    report(notes, 'error', [...at, ...(path ?? []).map(({ key }) => String(key))], 'value', message);
  return options.success ? { common: split(true), own, options: options.output } : undefined;
}
