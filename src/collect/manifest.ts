import type { Files } from '../core/files.ts';
import type { ManifestLine } from '../core/parts-manifest.ts';
import { openOrCreate } from './checkpoint.ts';
import type { Layout } from './layout.ts';
import { sealLine } from '../core/sealed-line.ts';

export interface ManifestLog {
  /** Durable when it resolves. */
  append(line: ManifestLine): Promise<void>;
  close(): Promise<void>;
}

export async function openManifestLog(
  files: Files,
  layout: Layout,
  wholeBytes: number,
): Promise<ManifestLog> {
  const fd = await openOrCreate(files, layout.manifest, layout.own);
  let length = wholeBytes;
  const { size } = await files.stat(fd);
  if (size > wholeBytes) await files.truncate(fd, wholeBytes);
  return {
    async append(line) {
      const data = Buffer.from(sealLine(line));
      await files.write(fd, data, length);
      await files.datasync(fd);
      length += data.length;
    },
    close: () => files.close(fd),
  };
}
