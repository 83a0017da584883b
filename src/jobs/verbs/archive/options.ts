import * as v from 'valibot';
import type { ArchiveFormat } from '../../../core/archive-file.ts';
import { duration, integer, oneOf, text } from '../../../core/fields.ts';
import { patterns } from '../../files/patterns.ts';

export const ARCHIVE_DEFAULTS = {
  to: 'zst',
  level: { zst: 3, gz: 6 },
  olderMs: { parts: 0, files: 3_600_000 },
  settleMs: 10_000,
  keepRawMs: 0,
} as const;

/** What each format's levels end with. */
export const MOST_LEVEL: Readonly<Record<ArchiveFormat, number>> = { zst: 19, gz: 9 };

export const archiveOptions = v.strictObject({
  root: v.pipe(text('a folder'), v.description('The folder whose files are archived where they lie.')),
  to: v.pipe(
    v.optional(oneOf(['zst', 'gz'])),
    v.description('The format: zstd (default) or gzip, for readers that have nothing else.'),
  ),
  level: v.pipe(
    v.optional(integer(1, 19)),
    v.description('How hard it compresses: 1 to 19 for zst (default 3), 1 to 9 for gz (default 6).'),
  ),
  files: v.pipe(
    v.optional(patterns),
    v.description(
      'Which files, by their paths below the folder. Must be said of a folder that no collector writes; of a collector’s, it picks some of the closed parts.',
    ),
  ),
  older: v.pipe(
    v.optional(duration),
    v.description(
      'Only files that are older: a part by its latest event (default: every closed one), another file by its last change (default 1h).',
    ),
  ),
  settle: v.pipe(
    v.optional(duration),
    v.description(
      'Of files that are no collector’s parts: how far apart two looks are that must find them unchanged (default 10s).',
    ),
  ),
  'keep-raw': v.pipe(
    v.optional(duration),
    v.description('How long the file itself is kept beside its proved archive (default: not at all).'),
  ),
  jobs: v.pipe(
    v.optional(integer(1, 256)),
    v.description('How many files are worked on at the same time (default: one for each core).'),
  ),
});

export type ArchiveOptions = v.InferOutput<typeof archiveOptions>;
