import * as v from 'valibot';
import { formatDuration } from '../../src/core/durations.ts';
import type { ChannelKind } from '../../src/notify/channel-kind.ts';
import { USUAL_SERVER } from '../../src/notify/channels/mail/options.ts';
import { CHANNEL_KINDS } from '../../src/notify/channels/registry.ts';
import { channelEntries } from '../../src/notify/config.ts';
import { GROUP_MS } from '../../src/notify/stages/group.ts';
import { type Key, keysIn, readKeys } from './keys.ts';
import { code, marker, page } from './markdown.ts';
import { keyTable } from './watches.ts';

type Json = Readonly<Record<string, unknown>>;

function keysOf(schema: unknown, what: string): readonly Key[] {
  return keysIn(readKeys(v.pipe(schema as v.GenericSchema, v.description(what)) as v.GenericSchema));
}

const commonKeys = (): readonly Key[] => keysOf(v.strictObject(channelEntries), 'What every channel has.');
const ownKeys = ({ kind, options }: ChannelKind): readonly Key[] => keysOf(options, kind);

/** What holds without a key; no key, no more. */
const DEFAULTS: Readonly<Record<string, string>> = {
  repeat: 'never',
  after: 'at once',
  group: code(formatDuration(GROUP_MS)),
  'mail.smtp': code(USUAL_SERVER),
  'mail.from': 'vahti at this host',
  'mail.tls': '`required`, but not to this machine',
  'mail.check-certificate': '`true`, but not on this machine',
  'webhook.template': 'by the host',
};

/** The reference page of all kinds of channel. */
export function channelsPage(): string {
  return page([
    '# Channels reference',
    marker('the kinds of channel in src/notify/channels/'),
    'A channel is `NAME: { KIND: …, options }` under `notify`. What stands under KIND is its main option, or all of its options by name. What each does, and what it says when it fails, is in [channels](../channels.md).',
    '## Keys of every channel',
    keyTable(commonKeys(), ({ name }) => DEFAULTS[name] ?? 'none'),
    ...CHANNEL_KINDS.flatMap((kind) => [
      `## ${code(kind.kind)}`,
      `Its main option is ${code(kind.main)}. A try may take ${formatDuration(kind.timeoutMs)}.`,
      keyTable(ownKeys(kind), ({ name, required }) =>
        required ? '*required*' : (DEFAULTS[`${kind.kind}.${name}`] ?? 'none'),
      ),
    ]),
  ]);
}

/** What an editor can check of `notify`: every key of every kind, each as any kind takes it. */
export function channelsJson(): Json {
  const properties = new Map<string, Json[]>();
  const add = (name: string, schema: Json): void => {
    const known = properties.get(name) ?? [];
    if (!known.some((each) => JSON.stringify(each) === JSON.stringify(schema))) known.push(schema);
    properties.set(name, known);
  };
  for (const key of commonKeys()) add(key.name, jsonOf(key));
  for (const kind of CHANNEL_KINDS) {
    const keys = ownKeys(kind);
    const own = Object.fromEntries(keys.map((key) => [key.name, jsonOf(key)]));
    const main = own[kind.main] ?? {};
    add(kind.kind, { anyOf: [main, { type: 'object', properties: own, additionalProperties: false }] });
    for (const key of keys) if (key.name !== kind.main) add(key.name, jsonOf(key));
  }
  const entries = [...properties].map(
    ([name, all]) => [name, all.length === 1 ? all[0] : { anyOf: all }] as const,
  );
  const channel = { type: 'object', properties: Object.fromEntries(entries), additionalProperties: false };
  return { type: 'object', additionalProperties: channel };
}

function jsonOf(key: Key): Json {
  return { description: key.description, ...key.json };
}
