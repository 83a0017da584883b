import { formatDuration } from '../../../core/durations.ts';
import { compilePattern } from '../../../core/pattern.ts';
import type { Keys } from '../draft.ts';
import { type Comparison, msOf, type Quantity, type Reading } from './reading.ts';

/** What a test becomes: a watch, or why it cannot be one. */
export type Made =
  | {
      readonly kind: 'watch';
      /** What it may be called. */
      readonly name: string;
      readonly keys: Keys;
      /** Of the service: values that a header needs. */
      readonly secrets?: Readonly<Record<string, string>>;
      readonly notes?: readonly string[];
    }
  | { readonly kind: 'left'; readonly why: string }
  /** Vahti does so anyway. */
  | { readonly kind: 'anyway' };

export function left(why: string): Made {
  return { kind: 'left', why };
}

/** What is asked of a connection. */
interface Connection {
  host: string;
  port?: number | undefined;
  socket?: string | undefined;
  isUdp: boolean;
  isTls: boolean;
  protocol?: string;
  request?: string | undefined;
  status?: string;
  content?: { readonly comparison: Comparison; readonly pattern: string };
  headers: Record<string, string>;
  user?: string | undefined;
  password?: string | undefined;
  slow?: Quantity | undefined;
  timeout?: Quantity | undefined;
  readonly odd: string[];
}

/** The value of a header that is not to be read by everybody. */
const SECRET_HEADER = /^(?:authorization|cookie|proxy-authorization|x-.*(?:key|token|secret).*)$/i;

/** `failed [host x] port 80 [protocol http …]`, from behind `failed`. @param host where nothing else is said. */
export function readConnection(reading: Reading, host: string): Made {
  const asked: Connection = { host, isUdp: false, isTls: false, headers: {}, odd: [] };
  const isUrl = reading.take('url') !== undefined;
  if (isUrl && !takeUrl(asked, reading.text() ?? '')) return left('its address cannot be read');
  while (reading.rest().length > 0) if (!takeOption(asked, reading)) return left('there is no such watch');
  if (asked.isUdp) return left('no watch speaks UDP: a command can, `command: [program, …]`');
  const isHttp =
    asked.protocol === 'http' || asked.protocol === 'https' || asked.protocol === 'apache-status';
  if (asked.socket !== undefined)
    return socketWatch(asked.socket, isHttp ? (asked.request ?? '/') : undefined, asked);
  if (asked.port === undefined) return left('it names no port');
  return isHttp ? httpWatch(asked) : tcpWatch(asked, asked.port);
}

function takeUrl(asked: Connection, url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, pathname, search, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  asked.protocol = protocol.slice(0, -1);
  asked.isTls = protocol === 'https:';
  asked.host = hostname;
  asked.port = port === '' ? (asked.isTls ? 443 : 80) : Number(port);
  asked.request = pathname + search;
  if (username !== '') asked.user = decodeURIComponent(username);
  if (password !== '') asked.password = decodeURIComponent(password);
  return true;
}

/** Takes one option; false where it is none. */
function takeOption(asked: Connection, reading: Reading): boolean {
  const word = reading.take(
    'host',
    'port',
    'unixsocket',
    'unix',
    'type',
    'ssl',
    'tls',
    'protocol',
    'proto',
    'request',
    'status',
    'content',
    'http',
    'hostheader',
    'username',
    'password',
    'responsetime',
    'timeout',
    'retry',
    'certificate',
    'address',
    'ipv4',
    'ipv6',
    'send',
    'expect',
    'method',
    'checksum',
    'target',
    'maxforward',
    'secret',
    'database',
    'origin',
    'version',
  );
  switch (word) {
    case undefined:
      return false;
    case 'host':
      asked.host = reading.text() ?? asked.host;
      return true;
    case 'port':
      return (asked.port = reading.number()) !== undefined;
    case 'unix':
    case 'unixsocket':
      return (asked.socket = reading.text()) !== undefined;
    case 'type': {
      const type = reading.text()?.toLowerCase() ?? '';
      asked.isUdp = type === 'udp';
      asked.isTls ||= type.startsWith('tcpssl');
      return true;
    }
    case 'ssl':
    case 'tls':
      asked.isTls = true;
      if (reading.block() !== undefined || takeOptions(reading)) asked.odd.push('options of TLS');
      return true;
    case 'protocol':
    case 'proto':
      asked.protocol = reading.text()?.toLowerCase() ?? '';
      asked.isTls ||= asked.protocol === 'https';
      return true;
    default:
      return takeDetail(asked, reading, word);
  }
}

function takeOptions(reading: Reading): boolean {
  return reading.take('options') !== undefined && reading.block() !== undefined;
}

function takeDetail(asked: Connection, reading: Reading, word: string): boolean {
  switch (word) {
    case 'request':
      return (asked.request = reading.text()) !== undefined;
    case 'status': {
      const comparison = reading.comparison();
      const status = reading.number();
      asked.status = `status ${comparison} ${status}`;
      return status !== undefined;
    }
    case 'content': {
      const comparison = reading.comparison();
      const pattern = reading.text();
      if (pattern !== undefined) asked.content = { comparison, pattern };
      return pattern !== undefined;
    }
    case 'http':
      return reading.take('headers') !== undefined && takeHeaders(asked, reading.block() ?? '');
    case 'hostheader':
      asked.headers['Host'] = reading.text() ?? '';
      return true;
    case 'username':
      return (asked.user = reading.text()) !== undefined;
    case 'password':
      return (asked.password = reading.text()) !== undefined;
    case 'responsetime':
      reading.comparison();
      return (asked.slow = reading.quantity()) !== undefined;
    case 'timeout':
      return (asked.timeout = reading.quantity()) !== undefined;
    case 'retry':
      return reading.number() !== undefined;
    case 'certificate':
      asked.odd.push('its certificate');
      while (
        reading.take('valid', 'checksum', 'md5', 'sha1') !== undefined ||
        reading.take('days', 'day') !== undefined
      );
      reading.comparison();
      reading.text();
      reading.take('days', 'day');
      return true;
    case 'ipv4':
    case 'ipv6':
      asked.odd.push(word);
      return true;
    default:
      asked.odd.push(word);
      reading.comparison();
      return reading.text() !== undefined;
  }
}

function takeHeaders(asked: Connection, block: string): boolean {
  for (const part of block.match(/(?:"[^"]*"|'[^']*'|[^,])+/g) ?? []) {
    const [, name = '', value = ''] = /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/s.exec(part) ?? [];
    const said = value.replace(/^(["'])(.*)\1$/s, '$2');
    if (name === '' || said === '') return false;
    asked.headers[name] = said;
  }
  return true;
}

function httpWatch(asked: Connection): Made {
  const { host, port = 80, isTls, request = '/', status, content, slow, timeout } = asked;
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const url = `${isTls ? 'https' : 'http'}://${name}${port === (isTls ? 443 : 80) ? '' : `:${port}`}${request.startsWith('/') ? '' : '/'}${request}`;
  if (!URL.canParse(url) || /[\s#]/.test(url)) return left('its address cannot be written as a URL');
  const body = content === undefined ? undefined : bodyCondition(content.comparison, content.pattern);
  if (body !== undefined && 'why' in body) return left(body.why);
  const conditions = [
    // Without a status Monit takes everything below 400, redirects too.
    status ?? 'status < 400',
    ...(body === undefined ? [] : [body.condition]),
    ...(slow === undefined
      ? []
      : [`ms < ${msOf({ number: slow.number, unit: slow.unit === '' ? 'ms' : slow.unit })}`]),
  ];
  const { headers, secrets } = headersOf(asked);
  const { odd } = asked;
  return {
    kind: 'watch',
    name: 'http',
    keys: {
      http: url,
      expect: conditions.join(' and '),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...timeoutKey(timeout),
    },
    secrets,
    notes: odd.length === 0 ? [] : [`the watch does not look at ${odd.join(', ')}`],
  };
}

function bodyCondition(
  comparison: Comparison,
  pattern: string,
): { readonly condition: string } | { readonly why: string } {
  const source = pattern.replaceAll('/', String.raw`\/`);
  const compiled = compilePattern(pattern);
  if (!compiled.ok || /[\n\r]/.test(pattern))
    return { why: `its pattern cannot be used: ${compiled.ok ? 'it has several lines' : compiled.error}` };
  return { condition: comparison === '!=' ? `not (body matches /${source}/)` : `body matches /${source}/` };
}

function headersOf({ headers, user, password }: Connection): {
  readonly headers: Record<string, string>;
  readonly secrets: Record<string, string>;
} {
  const secrets: Record<string, string> = {};
  const said: Record<string, string> = {};
  const all = { ...headers };
  if (user !== undefined)
    all['Authorization'] = `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`;
  for (const [name, value] of Object.entries(all)) {
    const variable = name
      .toUpperCase()
      .replace(/\W/g, '_')
      .replace(/^(?=\d)/, '_');
    if (!SECRET_HEADER.test(name)) said[name] = value;
    else {
      secrets[variable] = value;
      said[name] = `$${variable}`;
    }
  }
  return { headers: said, secrets };
}

const USUAL_TIMEOUT_MS = 5000;
const LEAST_TIMEOUT_MS = 50;

/** Five seconds are usual, in Monit and here. */
function timeoutKey(timeout: Quantity | undefined): Keys {
  const ms = timeout === undefined ? USUAL_TIMEOUT_MS : Math.max(LEAST_TIMEOUT_MS, msOf(timeout));
  return ms === USUAL_TIMEOUT_MS ? {} : { timeout: formatDuration(ms) };
}

function tcpWatch({ host, protocol, isTls, odd, slow, timeout }: Connection, port: number): Made {
  const more = [
    ...(protocol === undefined ? [] : [protocol]),
    ...(isTls ? ['TLS'] : []),
    ...odd,
    ...(slow === undefined ? [] : ['responsetime']),
  ];
  const name = host.includes(':') ? `[${host.replace(/^\[|\]$/g, '')}]` : host;
  if (port < 1 || port > 65_535 || /[\s/]/.test(host)) return left('there is no such address');
  return {
    kind: 'watch',
    name: `tcp-${port}`,
    keys: { tcp: `${name}:${port}`, ...timeoutKey(timeout) },
    notes:
      more.length === 0
        ? []
        : [`the watch only sees whether it takes connections; Monit also asked for ${more.join(', ')}`],
  };
}

function socketWatch(
  socket: string,
  request: string | undefined,
  { timeout, odd, protocol }: Connection,
): Made {
  const seconds = timeoutKey(timeout);
  if (request !== undefined)
    return {
      kind: 'watch',
      name: 'socket',
      keys: {
        command: [
          'curl',
          '-fsS',
          '-o',
          '/dev/null',
          '--unix-socket',
          socket,
          `http://localhost${request.startsWith('/') ? '' : '/'}${request}`,
        ],
        ...seconds,
      },
      notes: odd.length === 0 ? [] : [`the watch does not look at ${odd.join(', ')}`],
    };
  const more = [...(protocol === undefined ? [] : [protocol]), ...odd];
  return {
    kind: 'watch',
    name: 'socket',
    keys: { command: ['socat', '-u', '/dev/null', `UNIX-CONNECT:${socket}`], ...seconds },
    notes: [
      `the watch needs socat${more.length === 0 ? '' : `, and only sees whether it takes connections; Monit also asked for ${more.join(', ')}`}`,
    ],
  };
}
