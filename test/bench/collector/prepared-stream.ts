import { decodeFrame } from '../../../src/wire/atproto/frame.ts';
import { readFramesFile } from '../../../src/wire/atproto/frames-file.ts';
import { createStamper } from '../../../src/wire/atproto/restamp.ts';
import { createSynthesizer } from '../../../src/wire/atproto/synthetic.ts';

/** Above 2^32, where the network's numbers are: every number then takes eight bytes, and can be written over in place. */
export const FIRST_SEQ = 20_000_000_001;
/** Events of the stream are so far apart, ms: 500 a second, as the network has them. */
const STEP_MS = 2;
/** Distinct frames; the stream is these again and again, under new numbers and times. */
const POOL = 4_096;
/** Frames in one write to the socket, about a megabyte. */
export const BLOCK_FRAMES = 256;

/** A stream whose WebSocket messages are made beforehand, so that serving it costs almost nothing. */
export interface PreparedStream {
  /** The messages of a block, ready for the socket; it stays as it is until POOL / BLOCK_FRAMES blocks later. */
  block(index: number): Buffer;
  readonly blocks: number;
}

interface Slot {
  readonly seqAt: number;
  readonly timeAt: number;
}

/** The pool of a source: recorded frames of a file, again and again, or, without one, made-up frames. */
async function poolOf(file: string | undefined): Promise<readonly Uint8Array[]> {
  if (file === undefined) {
    const time = (): number => Date.UTC(2026, 0, 1);
    const synthesizer = createSynthesizer({ seed: 11, time, startSeq: FIRST_SEQ });
    return Array.from({ length: POOL }, () => synthesizer.next().frame);
  }
  const read = await readFramesFile(file);
  if (!read.ok) throw new Error(read.error);
  const usable = read.value.filter((frame) => createStamper(frame) !== undefined);
  return Array.from({ length: POOL }, (_, i) => usable[i % usable.length] as Buffer);
}

/** How many lines each frame of the pool makes: one for an operation, one for what is no commit. */
export async function linesOfPool(file: string | undefined): Promise<readonly number[]> {
  return (await poolOf(file)).map((bytes) => {
    const frame = decodeFrame(bytes);
    if (frame.kind === 'commit') return frame.ops.length;
    if (frame.kind === 'unknown') return 0;
    if ('seq' in frame) return 1;
    throw new Error(`cannot use a frame of the pool: it is ${frame.kind}`);
  });
}

/** @param startTime the first event's time, milliseconds since 1970 */
export async function prepareStream(
  file: string | undefined,
  frames: number,
  startTime: number,
): Promise<PreparedStream> {
  const pool = await poolOf(file);
  const ring: {
    readonly bytes: Buffer;
    readonly slots: readonly Slot[];
    readonly ends: readonly number[];
  }[] = [];
  for (let from = 0; from < POOL; from += BLOCK_FRAMES)
    ring.push(layOut(pool.slice(from, from + BLOCK_FRAMES)));
  return {
    blocks: Math.ceil(frames / BLOCK_FRAMES),
    block(index) {
      const { bytes, slots, ends } = ring[index % ring.length] as (typeof ring)[number];
      const count = Math.min(BLOCK_FRAMES, frames - index * BLOCK_FRAMES);
      for (let i = 0; i < count; i++) {
        const { seqAt, timeAt } = slots[i] as Slot;
        const place = index * BLOCK_FRAMES + i;
        const seq = FIRST_SEQ + place;
        bytes.writeUInt32BE(Math.floor(seq / 2 ** 32), seqAt);
        bytes.writeUInt32BE(seq >>> 0, seqAt + 4);
        bytes.write(new Date(startTime + place * STEP_MS).toISOString(), timeAt, 'latin1');
      }
      return bytes.subarray(0, ends[count - 1]);
    },
  };
}

/** Puts messages one behind another, and notes where their numbers and times are. */
function layOut(frames: readonly Uint8Array[]) {
  const parts: Buffer[] = [];
  const slots: Slot[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const frame of frames) {
    const body = stamped(frame);
    const header = messageHeader(body.length);
    const start = at + header.length;
    slots.push({ seqAt: start + seqOffset(body), timeAt: start + timeOffset(body) });
    parts.push(header, body);
    at = start + body.length;
    ends.push(at);
  }
  return { bytes: Buffer.concat(parts), slots, ends };
}

/** The frame with a number and a time of the widths that all get. */
function stamped(frame: Uint8Array): Buffer {
  const body = createStamper(frame)?.({ seq: FIRST_SEQ, time: '2026-01-01T00:00:00.000Z' });
  if (body === undefined) throw new Error('cannot use a frame of the pool: it carries no seq');
  return Buffer.from(body);
}

/** The key `seq`, and the head of a number of eight bytes. */
const SEQ_MARK = Buffer.from('\x63seq\x1b', 'latin1');
/** The key `time`, and the head of a text of 24. */
const TIME_MARK = Buffer.from('\x64time\x78\x18', 'latin1');

// Both keys come before the blocks (shorter keys come first in DAG-CBOR), so the first match is the body's own.
function seqOffset(body: Buffer): number {
  return found(body.indexOf(SEQ_MARK)) + SEQ_MARK.length;
}

function timeOffset(body: Buffer): number {
  return found(body.indexOf(TIME_MARK)) + TIME_MARK.length;
}

function found(offset: number): number {
  if (offset < 0) throw new Error('cannot find the number or the time of a frame of the pool');
  return offset;
}

/** The head of an unmasked binary WebSocket message (RFC 6455, 5.2). */
function messageHeader(length: number): Buffer {
  if (length < 126) return Buffer.from([0x82, length]);
  if (length < 65_536) return Buffer.from([0x82, 126, length >> 8, length & 255]);
  const header = Buffer.alloc(10);
  header[0] = 0x82;
  header[1] = 127;
  header.writeUInt32BE(length, 6);
  return header;
}
