import { existsSync, readFileSync } from 'node:fs';
import type { CollectConfig } from '../collect/config.ts';
import { createFirehoseSource, type Decoded } from '../collect/sources/firehose.ts';
import { createJetstreamSource } from '../collect/sources/jetstream.ts';
import { requestProblems } from '../collect/sources/jetstream-request.ts';
import { createExecLinesSource } from '../collect/sources/lines-exec.ts';
import { createTcpLinesSource, parseTcpAddress } from '../collect/sources/lines-tcp.ts';
import { createWebSocketLinesSource } from '../collect/sources/lines-websocket.ts';
import { createJetstreamV2Source } from '../collect/sources/jetstream-v2.ts';
import { requestV2Problems } from '../collect/sources/jetstream-v2-request.ts';
import { parseSseAddress } from '../collect/sources/sse-request.ts';
import { createSseSource } from '../collect/sources/sse.ts';
import { LIFE_VARIABLE } from '../core/processes.ts';
import type { StreamSource } from '../core/source.ts';
import { decodeFrame } from '../wire/atproto/frame.ts';
import { eventOf } from '../wire/atproto/lines.ts';
import { parseDictionary } from '../wire/jetstream/dictionary.ts';
import { LEAST_TIME_CURSOR } from '../wire/jetstream/options.ts';
import { STREAM_PATH } from '../wire/jetstream-v2/options.ts';
import { type BrokerKind, brokerKind, brokerProblems, brokerSource } from './broker-sources.ts';

/** What a source needs beside its config. */
export interface SourceDeps {
  readonly random: () => number;
  /** The service's working folder. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type SourceKind =
  | 'firehose'
  | 'jetstream'
  | 'jetstream-v2'
  | 'sse'
  | 'websocket'
  | 'tcp'
  | 'exec'
  | BrokerKind;

/** Which kind of stream an address, or a command, means. */
export function kindOf(from: CollectConfig['from']): SourceKind {
  if (typeof from !== 'string') return 'exec';
  const broker = brokerKind(from);
  if (broker !== undefined) return broker;
  const { protocol, pathname } = new URL(from);
  if (protocol === 'tcp:') return 'tcp';
  if (/^(sse\+)?https?:$/.test(protocol)) return 'sse';
  if (pathname.endsWith(STREAM_PATH)) return 'jetstream-v2';
  if (pathname.endsWith('/com.atproto.sync.subscribeRepos')) return 'firehose';
  return pathname.endsWith('/subscribe') ? 'jetstream' : 'websocket';
}

/** What keeps a `collect:` from being used, beyond the form of its keys; paths must be absolute. */
export function collectProblems(collect: CollectConfig): readonly string[] {
  const { from, cursor, dictionary } = collect;
  const kind = kindOf(from);
  const problems = brokerProblems(collect);
  const lines = kind === 'websocket' || kind === 'tcp' || kind === 'exec';
  if (lines && typeof cursor === 'number') {
    problems.push('cannot begin at a number: plain lines have none; leave `cursor` out');
  }
  if (typeof from === 'string' && kind === 'tcp') {
    const address = parseTcpAddress(from);
    if (!address.ok) problems.push(address.error);
  }
  if (typeof from === 'string' && kind === 'jetstream')
    problems.push(...requestProblems({ url: from, ...packed(collect) }));
  if (typeof from === 'string' && kind === 'jetstream-v2') {
    problems.push(...requestV2Problems({ url: from, ...packed(collect) }));
    if (typeof cursor === 'number' && cursor >= LEAST_TIME_CURSOR)
      problems.push(`cannot begin at ${cursor}: from 10^15 on it is a time, and no number of an event`);
  }
  if (typeof from === 'string' && kind === 'sse') problems.push(...sseProblems(from, collect));
  if (dictionary !== undefined && !existsSync(dictionary))
    problems.push(`cannot read the dictionary ${dictionary}: no such file`);
  return problems;
}

/** What an event stream cannot be asked. */
function sseProblems(from: string, { cursor, send }: CollectConfig): readonly string[] {
  const problems: string[] = [];
  const address = parseSseAddress(from);
  if (!address.ok) problems.push(address.error);
  if (typeof cursor === 'number')
    problems.push('cannot begin at a number: events of an event stream have none; leave `cursor` out');
  if (send !== undefined) problems.push('cannot `send` anything: an event stream is only read; leave it out');
  return problems;
}

/** Asks for compressed messages where there is a dictionary to read them with. */
function packed({ dictionary }: CollectConfig) {
  if (dictionary === undefined || !existsSync(dictionary)) return {};
  const parsed = parseDictionary(readFileSync(dictionary));
  if (!parsed.ok) throw new Error(`cannot use the dictionary ${dictionary}: ${parsed.error}`);
  return { dictionary: parsed.value };
}

/** The source that a `collect:` means. */
export function sourceFor(collect: CollectConfig, { random, cwd, env }: SourceDeps): StreamSource {
  const { from, time, silence, line, send } = collect;
  const lines = {
    random,
    mostLineBytes: line,
    ...(time === undefined ? {} : { timePath: time.split('.') }),
    ...(silence === undefined ? {} : { silenceMs: silence }),
  };
  if (typeof from !== 'string') {
    const complete = Object.fromEntries(
      Object.entries(env).filter(([, value]) => value !== undefined),
    ) as Record<string, string>;
    // Below the service's own life, so that whoever ends the service ends the command too.
    const life = `${env[LIFE_VARIABLE] ?? `by-hand/${process.pid}`}/exec`;
    return createExecLinesSource({ ...lines, argv: from, env: complete, cwd, life });
  }
  const hello = send === undefined ? {} : { hello: send };
  switch (kindOf(from)) {
    case 'firehose':
      return createFirehoseSource({ url: from, decode: decodeFirehose, random });
    case 'jetstream':
      return createJetstreamSource({ url: from, random, ...packed(collect) });
    case 'jetstream-v2':
      return createJetstreamV2Source({ url: from, random, ...packed(collect) });
    case 'sse': {
      const address = parseSseAddress(from);
      if (!address.ok) throw new Error(address.error);
      return createSseSource({ ...lines, url: address.value });
    }
    case 'tcp': {
      const address = parseTcpAddress(from);
      if (!address.ok) throw new Error(address.error);
      return createTcpLinesSource({ ...lines, ...hello, ...address.value });
    }
    case 'nats':
    case 'kafka':
      return brokerSource(collect, { random, cwd, env });
    case 'websocket':
    case 'exec':
      return createWebSocketLinesSource({ ...lines, ...hello, url: from });
  }
}

/** A frame of an atproto firehose, as the collector takes it. */
function decodeFirehose(bytes: Uint8Array): Decoded {
  const frame = decodeFrame(bytes);
  switch (frame.kind) {
    case 'bad':
      return { kind: 'bad', raw: bytes, reason: frame.reason };
    case 'info':
      return { kind: 'info', name: frame.name, message: frame.message };
    case 'error':
      if (frame.error === 'FutureCursor')
        return { kind: 'reset', detail: `the server says FutureCursor: ${frame.message}` };
      return {
        kind: 'fatal',
        reason: `the server says ${frame.error}${frame.message === '' ? '' : `: ${frame.message}`}`,
      };
    default: {
      const event = eventOf(frame);
      if (!event.ok) return { kind: 'bad', raw: bytes, reason: event.error };
      return { kind: 'event', event: event.value };
    }
  }
}
