import type { Files } from '../core/files.ts';
import { openOrCreate } from './checkpoint.ts';

/**
 * A file that only grows, whose committed length stands in the checkpoint: what is behind it was never committed and is
 * written over. Durable before the checkpoint that counts it.
 */
export interface AppendFile {
  append(data: Buffer): Promise<void>;
  /** Bytes, with what was appended since the last commit. */
  length(): number;
  close(): Promise<void>;
}

export function createAppendFile(files: Files, path: string, folder: string, committed: number): AppendFile {
  let fd: number | undefined;
  let length = committed;
  return {
    async append(data) {
      if (data.length === 0) return;
      fd ??= await openOrCreate(files, path, folder);
      await files.write(fd, data, length);
      await files.datasync(fd);
      length += data.length;
    },
    length: () => length,
    async close() {
      if (fd !== undefined) await files.close(fd);
    },
  };
}
