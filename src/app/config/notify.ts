import * as v from 'valibot';
import { didYouMean } from '../../core/suggest.ts';
import type { ChannelKind } from '../../notify/channel-kind.ts';
import { CHANNEL_KINDS } from '../../notify/channels/registry.ts';
import { BEAT_EVERY_MS, channelEntries } from '../../notify/config.ts';
import type { Plan, PlannedChannel, PlannedService } from '../plan.ts';
import { checkKeyed, flatten, type Options } from './keyed.ts';
import { type Notes, report } from './notes.ts';
import { BUILT_IN, type Config, type ServiceConfig } from './schema.ts';

const CHANNEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const channelKeys = v.strictObject(channelEntries);

/** Who is told of a service's trouble, resolved. */
type Told = Pick<PlannedService, 'notify'>;

/** The channels of a config, and who hears of what. */
export interface ResolvedNotify {
  readonly ofAll: Pick<Plan, 'notify' | 'beat' | 'told'>;
  of(name: string, service: ServiceConfig): Told;
}

/** Reads `notify`, here and wherever channels are named; what is wrong with it is told. */
export function createNotify(
  notes: Notes,
  { notify, beat, defaults, services, jobs, zone = BUILT_IN.zone }: Config,
): ResolvedNotify {
  const channels = Object.entries(notify ?? {}).flatMap(([name, written]) => {
    if (!CHANNEL_NAME.test(name)) {
      const form = 'use letters, digits, dots, dashes and underscores, up to 63';
      report(
        notes,
        'error',
        ['notify', name],
        'key',
        `cannot name a channel ${JSON.stringify(name)}: ${form}`,
      );
    }
    return resolveChannel(notes, name, written, zone) ?? [];
  });
  const known = Object.keys(notify ?? {});
  const read = (
    at: readonly string[],
    names: readonly string[] | undefined,
  ): readonly string[] | undefined => {
    for (const name of names ?? []) {
      if (known.includes(name)) continue;
      const others = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`;
      const message = `cannot find a channel "${name}"${didYouMean(name, known)} (${others})`;
      report(notes, 'error', at, 'value', message);
    }
    return names;
  };
  // Where nobody says who is told, everybody is: a channel that nothing reaches would be a trap.
  const usual = read(['defaults', 'notify'], defaults?.notify) ?? known;
  const out = beat === undefined ? {} : { beat: { url: beat.url, everyMs: beat.every ?? BEAT_EVERY_MS } };
  if (known.length > 0)
    hintUnused(notes, known, usual, [...Object.values(services ?? {}), ...Object.values(jobs ?? {})]);
  return {
    ofAll: { ...(channels.length === 0 ? {} : { notify: channels, told: usual }), ...out },
    of(name, { notify: own, watch, pipeline }) {
      const told = read(['services', name, 'notify'], own) ?? usual;
      read(['services', name, 'pipeline', 'failures', 'notify'], pipeline?.failures?.notify);
      const entries = Object.entries(watch ?? {}).flatMap(([each, written]) => {
        const names = namesOf(written);
        if (names === undefined) return [];
        read(['services', name, 'watch', each, 'notify'], names);
        return [[each, names] as const];
      });
      if (known.length === 0) return {};
      return { notify: { channels: told, ofWatches: Object.fromEntries(entries) } };
    },
  };
}

/** The channels that a watch names; that it is a list of names was checked with its other keys. */
function namesOf(written: unknown): readonly string[] | undefined {
  if (typeof written !== 'object' || written === null) return undefined;
  const { notify } = written as { readonly notify?: unknown };
  if (typeof notify === 'string') return [notify];
  return Array.isArray(notify)
    ? notify.filter((name): name is string => typeof name === 'string')
    : undefined;
}

function hintUnused(
  notes: Notes,
  known: readonly string[],
  usual: readonly string[],
  others: readonly unknown[],
): void {
  const used = new Set([
    ...usual,
    ...others.flatMap((each) => {
      const { watch } = (each ?? {}) as { readonly watch?: unknown };
      const watches = typeof watch === 'object' && watch !== null ? Object.values(watch) : [];
      const { failures } =
        ((each ?? {}) as { readonly pipeline?: { readonly failures?: unknown } }).pipeline ?? {};
      return [each, failures, ...watches].flatMap((written) => namesOf(written) ?? []);
    }),
  ]);
  for (const name of known)
    if (!used.has(name))
      report(notes, 'warning', ['notify', name], 'key', `nobody is told by "${name}": no service names it`);
}

function resolveChannel(
  notes: Notes,
  name: string,
  written: unknown,
  zone: string,
): PlannedChannel | undefined {
  const at = ['notify', name];
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    report(notes, 'error', at, 'value', `cannot use this for ${name}: it takes keys and values`);
    return undefined;
  }
  const keys = written as Options;
  const kind = kindOf(name, keys);
  if (typeof kind === 'string') {
    report(notes, 'error', at, 'key', kind);
    return undefined;
  }
  const keyed = { key: kind.kind, main: kind.main, options: kind.options };
  const flat = flatten(keyed, { at, keys });
  if (typeof flat === 'string') {
    report(notes, 'error', [...at, kind.kind], 'value', flat);
    return undefined;
  }
  const checked = checkKeyed(notes, keyed, channelEntries, at, flat);
  if (checked === undefined) return undefined;
  const problems = kind.problems?.(checked.options, { folder: notes.folder }) ?? [];
  for (const problem of problems) report(notes, 'error', at, 'key', problem);
  const { repeat, after, group, digest } = v.parse(channelKeys, checked.common);
  return {
    name,
    kind: kind.kind,
    options: checked.own,
    ...(repeat === undefined ? {} : { repeatMs: repeat }),
    ...(after === undefined ? {} : { afterMs: after }),
    ...(group === undefined ? {} : { groupMs: group }),
    ...(digest === undefined ? {} : { digest: { ...digest, zone: digest.zone === '' ? zone : digest.zone } }),
  };
}

/** Which kind a channel is of; what is wrong where that is not clear. */
function kindOf(name: string, keys: Options): ChannelKind | string {
  const words = CHANNEL_KINDS.map(({ kind }) => kind);
  const named = CHANNEL_KINDS.filter(({ kind }) => Object.hasOwn(keys, kind));
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  const what = `cannot tell what the channel "${name}" is`;
  if (named.length > 1)
    return `${what}: it has ${named.map(({ kind }) => kind).join(' and ')}, write one of them`;
  const meant =
    Object.keys(keys)
      .map((word) => didYouMean(word, words))
      .find((hint) => hint !== '') ?? '';
  return `${what}: write one of the keys ${words.join(', ')}${meant}`;
}
