import { ok, type Result } from '../../core/result.ts';
import { toBase64 } from '../atproto/json.ts';
import type { EventFrame } from '../atproto/message.ts';
import { draftsOf as draftsOfVersion1 } from '../jetstream/encode.ts';
import { type EventKind, TYPE_PREFIX } from './options.ts';

/** An event that has no number and no time yet. */
export interface Draft {
  readonly did: string;
  readonly kind: EventKind;
  /** Of a commit alone. */
  readonly collection: string | undefined;
  /** A commit's own members, or the upstream event, as the JSON text of an object. */
  readonly detail: string;
}

/** What Jetstream makes of a firehose frame: one event for each operation, one for any other kind. */
export function draftsOf(frame: EventFrame): Result<readonly Draft[], string> {
  if (frame.kind !== 'sync') return draftsOfVersion1(frame);
  const { did, seq, time, rev, blocks } = frame;
  const detail = JSON.stringify({ blocks: { $bytes: toBase64(blocks) }, did, rev, seq, time });
  return ok([{ did, kind: 'sync', collection: undefined, detail }]);
}

/** An event's message. @param timeUs microseconds since 1970. */
export function encodeMessage({ did, kind, detail }: Draft, seq: number, timeUs: number): string {
  const head = `{"$type":"message","payload":{"$type":"${TYPE_PREFIX}${kind}","seq":${seq},"did":${JSON.stringify(did)},"time":"${timeText(timeUs)}"`;
  return kind === 'commit' ? `${head},${detail.slice(1)}}` : `${head},"${kind}":${detail}}}`;
}

export function encodeInfo(name: string, message: string): string {
  return JSON.stringify({ $type: 'message', payload: { $type: `${TYPE_PREFIX}info`, name, message } });
}

export function encodeError(error: string, message: string): string {
  return JSON.stringify({ $type: 'error', error, message });
}

/** With six digits behind the point. */
function timeText(micros: number): string {
  const text = new Date(Math.floor(micros / 1000)).toISOString();
  return `${text.slice(0, -1)}${String(micros % 1000).padStart(3, '0')}Z`;
}
