import { readFile } from 'node:fs/promises';
import { asError, err, ok, type Result } from '../../core/result.ts';

/** A file of recorded frames: each as its length (unsigned 32 bits, little-endian) and its bytes. */

const LENGTH_BYTES = 4;

/** The frames of a file's content, as views into it. `file` is its name for errors. */
export function splitFrames(content: Buffer, file: string): Result<readonly Buffer[], string> {
  const frames: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    const left = content.length - at - LENGTH_BYTES;
    if (left < 0) return err(`cannot read ${file}: it ends within a length, at byte ${at}`);
    const length = content.readUInt32LE(at);
    if (length === 0) return err(`cannot read ${file}: a frame of 0 bytes at byte ${at}`);
    if (length > left) {
      return err(
        `cannot read ${file}: the frame at byte ${at} should have ${length} bytes, only ${left} are left`,
      );
    }
    at += LENGTH_BYTES + length;
    frames.push(content.subarray(at - length, at));
  }
  return ok(frames);
}

/** The content of a file of these frames. */
export function joinFrames(frames: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const frame of frames) {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(frame.length);
    parts.push(length, frame);
  }
  return Buffer.concat(parts);
}

/** Reads a whole file of recorded frames. */
export async function readFramesFile(file: string): Promise<Result<readonly Buffer[], string>> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (thrown) {
    return err(`cannot read ${file}: ${asError(thrown).message}`);
  }
  return splitFrames(content, file);
}
