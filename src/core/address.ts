/** HOST:PORT, an IPv6 address in brackets. */
export const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/;

export interface Address {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;
const EVERYWHERE: readonly string[] = ['0.0.0.0', '::'];

/** The two parts of HOST:PORT; undefined where it has another form. */
export function parseAddress(address: string): Address | undefined {
  const [, ipv6, host = ipv6, digits] = ADDRESS.exec(address) ?? [];
  const port = Number(digits);
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether only this machine reaches it. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Whether it means every address of this machine. */
export function isEverywhere(host: string): boolean {
  return EVERYWHERE.includes(host);
}

/** How this machine reaches what listens there. */
export function ownAddress({ host, port }: Address): Address {
  if (!isEverywhere(host)) return { host, port };
  return { host: host === '::' ? '::1' : '127.0.0.1', port };
}
