import * as v from 'valibot';
import { type Hours, parseHours } from '../../core/hours.ts';
import { didYouMean } from '../../core/suggest.ts';
import { WATCH_DEFAULTS, watchEntries, type WatchKeys, watchKeys } from '../../watch/config.ts';
import type { ProblemContext, WatchKind } from '../../watch/kind.ts';
import { WATCH_KINDS } from '../../watch/kinds/registry.ts';
import type { PlannedService, PlannedWatch } from '../plan.ts';
import { checkKeyed, entriesOf, type Flat, flatten, type Keyed, type Options } from './keyed.ts';
import { type Notes, report } from './notes.ts';

/** One watch as it is written. */
interface Written {
  readonly service: string;
  readonly serviceKind: PlannedService['kind'];
  readonly name: string;
  readonly at: readonly string[];
  readonly keys: Options;
}

/** The watches of a service, each checked by its kind; those with mistakes are left out, and reported. */
export function resolveWatches(
  notes: Notes,
  service: string,
  watches: Options | undefined,
  serviceKind: PlannedService['kind'],
  zone: string,
): readonly PlannedWatch[] {
  return Object.entries(watches ?? {}).flatMap(([name, written]) => {
    const at = ['services', service, 'watch', name];
    if (!WATCH_NAME.test(name)) {
      const form = 'use letters, digits, dots, dashes and underscores, up to 63';
      report(notes, 'error', at, 'key', `cannot name a watch ${JSON.stringify(name)}: ${form}`);
    }
    const keys = isShort(name, written) ? { [name]: written } : (written ?? {});
    if (typeof keys !== 'object' || Array.isArray(keys)) {
      report(notes, 'error', at, 'value', `cannot use this for ${name}: it takes keys and values`);
      return [];
    }
    return resolveWatch(notes, { service, serviceKind, name, at, keys: keys as Options }, zone) ?? [];
  });
}

/** `beat: 2m`: a watch that is named as its kind, and has its main option instead of keys. */
function isShort(name: string, written: unknown): boolean {
  const isMap = typeof written === 'object' && !Array.isArray(written);
  return !isMap && WATCH_KINDS.some(({ kind, main }) => kind === name && main !== undefined);
}

/** What the socket of a built-in kind says of what watches look at. */
const OWN_FIGURES: Partial<Record<PlannedService['kind'], ProblemContext['figures']>> = {
  collect: ['committed', 'lag'],
  pipeline: ['backlog', 'progressed'],
};

const WATCH_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

function resolveWatch(notes: Notes, written: Written, zone: string): PlannedWatch | undefined {
  const kind = kindOf(written);
  if (typeof kind === 'string') {
    report(notes, 'error', written.at, 'key', kind);
    return undefined;
  }
  const flat = flatten(keyed(kind), written);
  if (typeof flat === 'string') {
    report(notes, 'error', [...written.at, kind.kind], 'value', flat);
    return undefined;
  }
  const keys = check(notes, kind, written, flat);
  if (keys === undefined) return undefined;
  const { fail, ok, grace, every, timeout, hours, then: steps = [] } = keys;
  const own = Object.entries(flat.values).filter(([key]) => !Object.hasOwn(watchEntries, key));
  const options = kind.completed?.(Object.fromEntries(own), zone) ?? Object.fromEntries(own);
  const defaults = { ...WATCH_DEFAULTS, ...kind.defaults?.(v.parse(kind.options, options)) };
  return {
    name: written.name,
    kind: kind.kind,
    options,
    everyMs: every ?? kind.everyMs,
    timeoutMs: timeout ?? kind.timeoutMs,
    gate: {
      fail: fail ?? defaults.fail,
      ok: ok ?? defaults.ok,
      graceMs: grace ?? defaults.graceMs,
    },
    ...(hours === undefined ? {} : { hours: inZone(hours, String(flat.values['hours']), zone) }),
    steps,
  };
}

/** Hours that name no zone are in that of the config. */
function inZone(read: Hours, written: string, zone: string): Hours {
  const again = parseHours(written, zone);
  return again.ok ? again.value : read;
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

/** Reports every mistake; answers with the keys that all watches have, where there is none. */
function check(
  notes: Notes,
  kind: WatchKind,
  { serviceKind, at }: Written,
  flat: Flat,
): WatchKeys | undefined {
  const checked = checkKeyed(notes, keyed(kind), watchEntries, at, flat);
  if (checked === undefined) return undefined;
  const figures = OWN_FIGURES[serviceKind] ?? [];
  const problems = kind.problems?.(checked.options, { folder: notes.data, figures }) ?? [];
  for (const problem of problems) report(notes, 'error', at, 'key', problem);
  return problems.length > 0 ? undefined : v.parse(watchKeys, checked.common);
}

function keyed({ kind, main, options }: WatchKind): Keyed {
  return { key: kind, options, ...(main === undefined ? {} : { main }) };
}
