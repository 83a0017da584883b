import type { ArchiveFormat } from '../../../core/archive-file.ts';
import type { PackTask } from './packing.ts';

/** What a packing thread is told to do; the methods of Packing. */
export type Call =
  | { readonly what: 'pack'; readonly task: PackTask }
  | { readonly what: 'unpack'; readonly path: string; readonly format: ArchiveFormat }
  | { readonly what: 'read'; readonly path: string };

export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      /** The file is left alone for that reason. */
      readonly left: boolean;
      readonly code: string | undefined;
      readonly message: string;
      readonly stack: string;
    };
