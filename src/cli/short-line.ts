import { printable } from './output.ts';

interface Line {
  readonly seq: number;
  readonly time: string;
  readonly did?: string;
  readonly kind?: string;
  readonly commit?: {
    readonly operation: string;
    readonly collection: string;
    readonly rkey: string;
    readonly record?: { readonly text?: unknown; readonly subject?: unknown };
  };
  readonly account?: { readonly active: boolean; readonly status?: string };
  readonly identity?: { readonly handle?: string };
}

/** A collected line in short, for people: number, time, what, where, and the text where it has one. */
export function shortLine(text: string): string {
  const line = JSON.parse(text) as Line;
  return `${line.seq} ${line.time.slice(11, 19)} ${printable(whatOf(line))}\n`;
}

function whatOf({ kind = '?', did = '', commit, account, identity }: Line): string {
  if (commit !== undefined) {
    const { operation, collection, rkey, record } = commit;
    const words = typeof record?.text === 'string' ? `“${record.text}” ` : '';
    return `${operation.padEnd(6)} ${collection} ${words}${did}/${rkey}`;
  }
  if (account !== undefined)
    return `${kind} ${did} ${account.active ? 'active' : (account.status ?? 'not active')}`;
  return `${kind} ${did} ${identity?.handle ?? ''}`.trimEnd();
}
