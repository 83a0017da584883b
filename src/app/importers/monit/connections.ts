import { formatDuration } from '../../../core/durations.ts';
import { compilePattern } from '../../../core/pattern.ts';
import type { Keys } from '../draft.ts';
import { type Connection, readOptions } from './connection.ts';
import { left, type Made } from './made.ts';
import { type Comparison, msOf, type Quantity, type Reading } from './reading.ts';

/** The value of a header that is not to be read by everybody. */
const SECRET_HEADER = /^(?:authorization|cookie|proxy-authorization|x-.*(?:key|token|secret).*)$/i;

/** `failed [host x] port 80 [protocol http …]`, from behind `failed`. @param host where nothing else is said. */
export function readConnection(reading: Reading, host: string): Made {
  const asked = readOptions(reading, host);
  if (typeof asked === 'string') return left(asked);
  if (asked.isUdp) return left('no watch speaks UDP: a command can, `command: [program, …]`');
  const isHttp =
    asked.protocol === 'http' || asked.protocol === 'https' || asked.protocol === 'apache-status';
  if (asked.socket !== undefined)
    return socketWatch(asked.socket, isHttp ? (asked.request ?? '/') : undefined, asked);
  if (asked.port === undefined) return left('it names no port');
  return isHttp ? httpWatch(asked) : tcpWatch(asked, asked.port);
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
  const isPlain = status === undefined && slow === undefined && Object.keys(headers).length === 0;
  const isJson = content !== undefined && /["{}]/.test(content.pattern);
  if (content !== undefined && isJson && isPlain && odd.length === 0)
    return bodyCommand(url, content, timeout);
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
    notes: [
      ...(odd.length === 0 ? [] : [`the watch does not look at ${odd.join(', ')}`]),
      ...(asked.user === undefined
        ? []
        : ['the header Authorization is `Basic ` and the base64 of USER:PASSWORD']),
      ...(content === undefined
        ? []
        : ['an answer in JSON is read as such: a pattern is only for text, write `body.FIELD == …` there']),
    ],
  };
}

/** What looks like JSON a watch would read as such, where a pattern finds nothing. */
function bodyCommand(
  url: string,
  { comparison, pattern }: NonNullable<Connection['content']>,
  timeout: Quantity | undefined,
): Made {
  const seconds = Math.max(1, Math.ceil((timeout === undefined ? USUAL_TIMEOUT_MS : msOf(timeout)) / 1000));
  const line = `b=$(curl -fsS -m ${seconds} -- "$1") && ${comparison === '!=' ? '! ' : ''}printf "%s\\n" "$b" | grep -E -q -e "$2"`;
  return {
    kind: 'watch',
    name: 'content',
    keys: { command: ['sh', '-c', line, 'sh', url, pattern], timeout: `${seconds + 5}s` },
    notes: ['the watch needs curl'],
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
