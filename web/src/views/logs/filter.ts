/** What the records that are shown have in common: it stands in the address, in the words of docs/hub-queries.md. */

export const LISTS = ['agent', 'host', 'service', 'sender', 'kind', 'life', 'field'] as const;
export type ListKey = (typeof LISTS)[number];

/** How the message is looked at: one of each at most. */
export const TEXTS = ['text', 'words', 'matches'] as const;
export type TextKey = (typeof TEXTS)[number];

const SINGLES = ['window', 'since', 'until', 'level', 'levelMax', ...TEXTS] as const;
type SingleKey = (typeof SINGLES)[number];
export type FilterKey = ListKey | SingleKey;

export type LogFilter = Readonly<Record<ListKey, readonly string[]>> & Readonly<Record<SingleKey, string>>;

/** What the address is changed by: `routing.query` takes it. */
export type QueryChanges = Readonly<Record<string, string | readonly string[] | undefined>>;

export function readFilter(query: URLSearchParams): LogFilter {
  return {
    ...(Object.fromEntries(LISTS.map((key) => [key, [...new Set(query.getAll(key))]])) as Record<
      ListKey,
      string[]
    >),
    ...(Object.fromEntries(SINGLES.map((key) => [key, query.get(key) ?? ''])) as Record<SingleKey, string>),
  };
}

export interface Chip {
  readonly key: FilterKey;
  readonly value: string;
  readonly label: string;
  /** The address without it. */
  readonly changes: QueryChanges;
}

const PREFIX: Readonly<Partial<Record<FilterKey, string>>> = {
  text: 'contains',
  words: 'has the words',
  matches: 'matches',
  level: 'level at least',
  levelMax: 'level at most',
};

/** All but the range of time, each of which can be taken away. */
export function chipsOf(filter: LogFilter): readonly Chip[] {
  const single = (['level', 'levelMax', ...TEXTS] as const).flatMap((key) =>
    filter[key] === ''
      ? []
      : [{ key, value: filter[key], label: PREFIX[key] ?? key, changes: { [key]: undefined } }],
  );
  const listed = LISTS.flatMap((key) =>
    filter[key].map((value) => ({
      key,
      value,
      label: key,
      changes: { [key]: filter[key].filter((each) => each !== value) },
    })),
  );
  return [...single, ...listed];
}

/** What the address is to have besides, so that only records with this value are shown. */
export function alsoWith(filter: LogFilter, key: ListKey, value: string): QueryChanges {
  return { [key]: [...filter[key].filter((each) => each !== value), value] };
}

/** All but the range of time, as the hub is asked. */
export function askedOf(filter: LogFilter): Readonly<Record<string, string | readonly string[]>> {
  const keys: readonly FilterKey[] = [...LISTS, 'level', 'levelMax', ...TEXTS];
  return Object.fromEntries(
    keys.map((key) => [key, filter[key]] as const).filter(([, value]) => value.length > 0),
  );
}

const KEYS = [...SINGLES, ...LISTS, 'limit', 'cursor', 'step', 'budget', 'position', 'before', 'after', 'of'];

/**
 * What the hub says of parameters that it cannot use, by parameter: its message is `cannot answer this: level: …; matches: …`. What
 * belongs to none stands under the empty name.
 */
export function problemsIn(message: string): ReadonlyMap<string, string> {
  const clauses = message
    .replace(/^cannot answer this: /, '')
    .split(new RegExp(`; (?=(?:${KEYS.join('|')})s?: )`));
  return new Map(
    clauses.map((clause) => {
      const at = clause.indexOf(': ');
      const key = at === -1 ? '' : clause.slice(0, at);
      return KEYS.includes(key) ? ([key, clause.slice(at + 2)] as const) : (['', clause] as const);
    }),
  );
}
