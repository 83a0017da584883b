import { err, ok, type Result } from '../../core/result.ts';

/** Where the sockets of a hub are, where an address names no path. */
const PATH = '/ws';
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
  ['http:', 'ws:'],
  ['https:', 'wss:'],
]);

/** The address of a hub's sockets: `https://hub.example` is `wss://hub.example/ws`. The error is a clause. */
export function hubAddress(address: string): Result<URL, string> {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return err('it is no address');
  }
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) return err(`${url.protocol}// is none of ws://, wss://, http://, https://`);
  if (url.username !== '' || url.password !== '') return err('the token does not belong into the address');
  // Node does not let http: become ws: by assignment.
  const path = url.pathname === '/' ? PATH : url.pathname;
  return ok(new URL(`${scheme}//${url.host}${path}${url.search}`));
}
