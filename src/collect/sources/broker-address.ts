import { err, ok, type Result } from '../../core/result.ts';

/** What the address of a message broker says: `SCHEME://HOST[:PORT],…/NAME[?KEY=VALUE&…]`. */
export interface BrokerAddress {
  readonly tls: boolean;
  /** Never empty. An IPv6 address stands without brackets. */
  readonly servers: readonly BrokerServer[];
  /** The stream or topic. */
  readonly name: string;
  readonly query: ReadonlyMap<string, string>;
}

export interface BrokerServer {
  readonly host: string;
  readonly port: number;
}

/** What the addresses of one kind of broker may have. */
interface Form {
  /** How to write one, for messages. */
  readonly example: string;
  readonly plain: string;
  readonly tls: string;
  readonly port: number;
  readonly name: RegExp;
  readonly keys: readonly string[];
}

/** Names of JetStream streams: no white space, no dot, no wildcard, no slash (ADR-6 of nats-architecture-and-design). */
export const NATS: Form = {
  example: 'nats://HOST:4222/STREAM',
  plain: 'nats',
  tls: 'tls',
  port: 4222,
  name: /^[^\s.*>/\\]{1,255}$/u,
  keys: ['subject', 'domain'],
};

/** Names of Kafka topics (org.apache.kafka.common.internals.Topic). */
export const KAFKA: Form = {
  example: 'kafka://HOST:9092/TOPIC',
  plain: 'kafka',
  tls: 'kafka+tls',
  port: 9092,
  name: /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/,
  keys: ['sasl'],
};

const ADDRESS = /^([a-z+]+):\/\/([^/?#]+)\/([^/?#]+)(?:\?([^#]*))?$/i;
const SERVER = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i;

/** Reads an address of the given form. The error is a whole sentence. */
export function parseBrokerAddress(text: string, form: Form): Result<BrokerAddress, string> {
  const wrong = (why: string) => err(`cannot collect from ${withoutSecrets(text)}: ${why}`);
  const [, scheme = '', hosts = '', written = '', query = ''] = ADDRESS.exec(text.trim()) ?? [];
  if (scheme === '') return wrong(`write ${form.example}`);
  if (hosts.includes('@')) return wrong('write `user` and `password` beside it, not in the address');
  const tls = scheme.toLowerCase() === form.tls;
  if (!tls && scheme.toLowerCase() !== form.plain) return wrong(`write ${form.example}`);
  const servers: BrokerServer[] = [];
  for (const host of hosts.split(',')) {
    const server = readServer(host, form.port);
    if (server === undefined) return wrong(`"${host}" is no HOST:PORT`);
    servers.push(server);
  }
  const name = decoded(written);
  if (name === undefined || !form.name.test(name)) return wrong(`"${written}" can't be a name there`);
  const keys = new Map(new URLSearchParams(query));
  const unknown = [...keys.keys()].find((key) => !form.keys.includes(key));
  if (unknown !== undefined) {
    const known = form.keys.length === 0 ? 'it takes none' : `it takes ${form.keys.join(', ')}`;
    return wrong(`it has no option "${unknown}"; ${known}`);
  }
  return ok({ tls, servers, name, query: keys });
}

function readServer(text: string, defaultPort: number): BrokerServer | undefined {
  const [, v6, host = v6, port = String(defaultPort)] = SERVER.exec(text) ?? [];
  return host === undefined || !(Number(port) > 0 && Number(port) < 65_536)
    ? undefined
    : { host, port: Number(port) };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/]*@/, '//…@');
}
