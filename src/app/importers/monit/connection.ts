import { type Comparison, type Quantity, type Reading } from './reading.ts';

/** What is asked of a connection. */
export interface Connection {
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

/** Reads what stands behind `failed`, or why it cannot be read. @param host where nothing else is said. */
export function readOptions(reading: Reading, host: string): Connection | string {
  const asked: Connection = { host, isUdp: false, isTls: false, headers: {}, odd: [] };
  const isUrl = reading.take('url') !== undefined;
  if (isUrl && !takeUrl(asked, reading.text() ?? '')) return 'its address cannot be read';
  while (reading.rest().length > 0) if (!takeOption(asked, reading)) return 'there is no such watch';
  return asked;
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

const OPTIONS = (
  'host port unixsocket unix type ssl tls protocol proto request status content http hostheader username password ' +
  'responsetime timeout retry certificate address ipv4 ipv6 send expect method checksum target maxforward secret database origin version'
).split(' ');

/** Takes one option; false where it is none. */
function takeOption(asked: Connection, reading: Reading): boolean {
  const word = reading.take(...OPTIONS);
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
