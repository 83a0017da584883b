import { err, ok, type Result } from '../../core/result.ts';
import { findBlocks } from '../atproto/car.ts';
import { cidToText, recordToJson } from '../atproto/json.ts';
import type { CommitFrame, EventFrame } from '../atproto/message.ts';

/** An event of Jetstream v1 that has no time yet. */
export interface Draft {
  readonly did: string;
  readonly kind: 'commit' | 'identity' | 'account';
  /** Of a commit alone. */
  readonly collection: string | undefined;
  /** The member named as the kind, as JSON text. */
  readonly detail: string;
}

/** What Jetstream makes of a firehose frame: one event for each operation, none of what version 1 does not know. */
export function draftsOf(frame: EventFrame): Result<readonly Draft[], string> {
  switch (frame.kind) {
    case 'commit':
      return commitDrafts(frame);
    case 'identity': {
      const { did, seq, time, handle } = frame;
      return ok([
        { did, kind: 'identity', collection: undefined, detail: JSON.stringify({ did, seq, time, handle }) },
      ]);
    }
    case 'account': {
      const { active, did, seq, time, status } = frame;
      const detail = JSON.stringify({ active, did, seq, time, status });
      return ok([{ did, kind: 'account', collection: undefined, detail }]);
    }
    default:
      return ok([]);
  }
}

function commitDrafts({ did, rev, ops, blocks }: CommitFrame): Result<readonly Draft[], string> {
  const cids = ops.flatMap(({ cid }) => (cid === null ? [] : [cid]));
  const found = findBlocks(blocks, cids);
  if (!found.ok) return found;
  const drafts: Draft[] = [];
  let next = 0;
  for (const { action, collection, rkey, cid } of ops) {
    const place = JSON.stringify({ rev, operation: action, collection, rkey });
    let detail = place;
    if (cid !== null) {
      const block = found.value[next++];
      if (block === undefined) return err(`cannot find the block of ${collection}/${rkey}`);
      const record = recordToJson(block);
      if (!record.ok) return record;
      detail = `${place.slice(0, -1)},"record":${record.value},"cid":"${cidToText(cid)}"}`;
    }
    drafts.push({ did, kind: 'commit', collection, detail });
  }
  return ok(drafts);
}

/** An event's message. `cursor`: as servers of version 2 number it. */
export function encodeEvent(draft: Draft, timeUs: number, cursor?: number): string {
  const number = cursor === undefined ? '' : `,"cursor":${cursor}`;
  return `{"did":${JSON.stringify(draft.did)},"time_us":${timeUs}${number},"kind":"${draft.kind}","${draft.kind}":${draft.detail}}`;
}
