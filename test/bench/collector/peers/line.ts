/** The lines that our collector writes, as a user of a library would make them: an object, and JSON.stringify. */

export interface CommitPart {
  readonly seq: number;
  readonly time: string;
  readonly did: string;
  readonly rev: string;
  readonly since: string | null | undefined;
  readonly operation: string;
  readonly collection: string;
  readonly rkey: string;
  /** As JSON can say it. */
  readonly record?: unknown;
  readonly cid?: string | undefined;
}

export function commitLine(part: CommitPart): string {
  const { seq, time, did, ...commit } = part;
  return `${JSON.stringify({ seq, time, received: now(), did, kind: 'commit', commit })}\n`;
}

/** A line of an identity, an account or a sync: `detail` is what stands below its kind. */
export function otherLine(
  kind: string,
  { seq, time, did, ...rest }: { readonly seq: number; readonly time: string; readonly did: string },
): string {
  return `${JSON.stringify({ seq, time, received: now(), did, kind, [kind]: { did, seq, time, ...rest } })}\n`;
}

/** `collection/rkey` in two. */
export function splitPath(path: string): { readonly collection: string; readonly rkey: string } {
  const slash = path.indexOf('/');
  return { collection: path.slice(0, slash), rkey: path.slice(slash + 1) };
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64').replace(/=+$/, '');
}

let lastMs = 0;
let lastText = '';

function now(): string {
  const ms = Date.now();
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = new Date(ms).toISOString();
  }
  return lastText;
}
