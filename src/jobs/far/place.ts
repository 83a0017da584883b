import { resolve } from 'node:path';
import { err, ok, type Result } from '../../core/result.ts';

/** A place that files are sent to or fetched from. */
export type Place =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'ssh'; readonly host: string; readonly path: string }
  | { readonly kind: 'rclone'; readonly remote: string };

const HOST = /^([A-Za-z0-9_][\w.-]*@)?([A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+(%\w+)?\])$/;
/** rclone: a remote of its configuration. One made up of options (`:s3,secret_access_key=…:`) would show its secrets. */
const REMOTE = /^[A-Za-z0-9_][\w.+@ -]*:/;

/**
 * Reads `HOST:FOLDER`, a folder here, or `rclone:REMOTE:PATH`. The error is a whole sentence.
 * @param folder what a relative path here is meant from; a relative one there is meant from the home of who logs in.
 */
export function parsePlace(text: string, folder: string): Result<Place, string> {
  const fail = (why: string): Result<Place, string> =>
    err(`cannot use the place ${JSON.stringify(text)}: ${why}`);
  if (/[\0\r\n]/.test(text)) return fail('it has a line break in it');
  if (text.startsWith('rclone:')) {
    const remote = text.slice('rclone:'.length);
    return REMOTE.test(remote)
      ? ok({ kind: 'rclone', remote: remote.replace(/(?<=[^:/])\/+$/, '') })
      : fail('write rclone:REMOTE:PATH, with a remote of rclone’s own configuration');
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    return fail('write HOST:FOLDER, a folder here, or rclone:REMOTE:PATH');
  const colon = text.startsWith('[') ? text.indexOf(']:') + 1 : text.indexOf(':');
  const slash = text.indexOf('/');
  if (colon <= 0 || (slash >= 0 && slash < colon)) return ok({ kind: 'folder', path: resolve(folder, text) });
  const host = text.slice(0, colon);
  if (!HOST.test(host)) return fail(`${JSON.stringify(host)} is not the name of a host`);
  const path = text
    .slice(colon + 1)
    .replace(/^~\//, './')
    .replace(/(?<=.)\/+$/, '');
  if (path.startsWith(':')) return fail('an rsync daemon cannot tell checksums: write HOST:FOLDER, for ssh');
  if (path === '' || path === '~') return ok({ kind: 'ssh', host, path: '.' });
  // A sending rsync would take them for a pattern.
  if (/[*?[\]\\]/.test(path)) return fail('a far folder with one of * ? [ ] \\ in its name is not possible');
  return ok({ kind: 'ssh', host, path: path.startsWith('/') ? path : `./${path.replace(/^(\.\/)+/, '')}` });
}

/** How a place is written in the ledger and in messages. It holds no secret. */
export function placeText(place: Place): string {
  switch (place.kind) {
    case 'folder':
      return place.path;
    case 'ssh':
      return `${place.host}:${place.path}`;
    case 'rclone':
      return `rclone:${place.remote}`;
  }
}
