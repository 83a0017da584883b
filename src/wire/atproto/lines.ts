import { err, ok, type Result, unreachable } from '../../core/result.ts';
import type { EventLine, StreamEvent } from '../../core/source.ts';
import { findBlocks } from './car.ts';
import type { AccountFrame, CommitFrame, EventFrame, IdentityFrame, Op, SyncFrame } from './message.ts';
import { cidToText, recordToJson, toBase64 } from './json.ts';

/**
 * The event of a frame, with its lines: one for each operation of a commit, one for any other known kind, none
 * for an unknown one (which still moves the position in the stream).
 * What production Jetstream v1 prints (`did`, `kind`, `commit`, …) follows `seq`, `time` (the server's, as sent)
 * and `received`. A record's own fields stay below `commit.record`, in the order of its block.
 * @returns an error where a record's block is missing or unreadable: the frame is taken whole or not at all.
 *   In a `tooBig` commit an operation without its block keeps its `cid` and has no `record`.
 */
export function eventOf(frame: EventFrame): Result<StreamEvent, string> {
  switch (frame.kind) {
    case 'commit':
      return commitEvent(frame);
    case 'identity':
    case 'account':
    case 'sync':
      return ok(toEvent(frame, [{ head: headOf(frame), tail: tailOf(frame) }]));
    case 'unknown':
      return ok(toEvent(frame, []));
    default:
      return unreachable(frame);
  }
}

function toEvent(frame: EventFrame, lines: readonly EventLine[]): StreamEvent {
  return { seq: frame.seq, time: timeOf(frame.time), kind: frame.kind, lines };
}

/** Milliseconds since 1970 of an RFC 3339 time, NaN where it is none: without a zone it would be read as local. */
function timeOf(time: string): number {
  return time.endsWith('Z') || /[+-]\d\d:\d\d$/.test(time) ? Date.parse(time) : Number.NaN;
}

function headOf(frame: EventFrame): string {
  return `{"seq":${frame.seq},"time":${JSON.stringify(frame.time)},"received":"`;
}

function tailOf(frame: IdentityFrame | AccountFrame | SyncFrame): string {
  return `","did":${JSON.stringify(frame.did)},"kind":"${frame.kind}","${frame.kind}":${detailOf(frame)}}\n`;
}

function detailOf(frame: IdentityFrame | AccountFrame | SyncFrame): string {
  const { did, seq, time } = frame;
  switch (frame.kind) {
    case 'identity':
      return JSON.stringify({ did, seq, time, handle: frame.handle });
    case 'account':
      return JSON.stringify({ active: frame.active, did, seq, time, status: frame.status });
    case 'sync':
      return JSON.stringify({ did, seq, time, rev: frame.rev, blocks: { $bytes: toBase64(frame.blocks) } });
    default:
      return unreachable(frame);
  }
}

function commitEvent(frame: CommitFrame): Result<StreamEvent, string> {
  const { ops } = frame;
  const lines: EventLine[] = [];
  if (ops.length === 0) return ok(toEvent(frame, lines));
  const blocks = blocksOf(frame);
  if (!blocks.ok) return blocks;
  const head = headOf(frame);
  const revs = `"rev":${JSON.stringify(frame.rev)},"since":${JSON.stringify(frame.since)}`;
  const before = `","did":${JSON.stringify(frame.did)},"kind":"commit","commit":{${revs},"operation":"`;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    const content = contentOf(op, blocks.value[i], frame.tooBig);
    if (!content.ok) return content;
    const place = `"collection":${JSON.stringify(op.collection)},"rkey":${JSON.stringify(op.rkey)}`;
    lines.push({ head, tail: `${before}${op.action}",${place}${content.value}}}\n` });
  }
  return ok(toEvent(frame, lines));
}

/** The blocks of the operations, by their index. */
function blocksOf(frame: CommitFrame): Result<readonly (Uint8Array | undefined)[], string> {
  const wanted: Uint8Array[] = [];
  const indexes: number[] = [];
  for (let i = 0; i < frame.ops.length; i++) {
    const { cid } = frame.ops[i] as Op;
    if (cid === null) continue;
    wanted.push(cid);
    indexes.push(i);
  }
  if (wanted.length === 0 || (frame.tooBig && frame.blocks.length === 0)) return ok([]);
  const found = findBlocks(frame.blocks, wanted);
  if (!found.ok || wanted.length === frame.ops.length) return found;
  const blocks: (Uint8Array | undefined)[] = frame.ops.map(() => undefined);
  for (const [k, i] of indexes.entries()) blocks[i] = found.value[k];
  return ok(blocks);
}

/** What follows the place of an operation: its record and CID. */
function contentOf(op: Op, block: Uint8Array | undefined, tooBig: boolean): Result<string, string> {
  if (op.action === 'delete') return ok('');
  const cid = `,"cid":"${cidToText(op.cid)}"`;
  if (block === undefined)
    return tooBig ? ok(cid) : err(`cannot find the block of ${op.collection}/${op.rkey}`);
  const record = recordToJson(block);
  return record.ok
    ? ok(`,"record":${record.value}${cid}`)
    : err(`${record.error} (${op.collection}/${op.rkey})`);
}
