import * as v from 'valibot';
import { duration, flag, integer, oneOf, size, text } from '../../../core/fields.ts';
import { farOptions, list, shaped } from '../../far/options.ts';

const SHARE_FORM = 'a share such as 1/30, or all, or none';

/** What is read back again of what was proved before: the part of it that each run takes, 0 to 1. */
const share = v.pipe(
  shaped(SHARE_FORM, /^(all|none|1\/[1-9]\d{0,5})$/, ['1/30', 'all', 'none']),
  v.transform((written) => (written === 'all' ? 1 : written === 'none' ? 0 : 1 / Number(written.slice(2)))),
);

const place = text('HOST:FOLDER, a folder here, or rclone:REMOTE:PATH');

export const SYNC_DEFAULTS = { links: 'skip', share: 1 / 30, settleMs: 10_000 } as const;

export const syncOptions = v.strictObject({
  root: v.pipe(text('a folder'), v.description('The folder here: what is sent, or where it is fetched to.')),
  to: v.pipe(
    v.optional(place),
    v.description(
      'Where the files are sent: HOST:FOLDER (rsync over ssh), a folder here (rsync), or rclone:REMOTE:PATH (S3 and all else that rclone knows). The folder must exist.',
    ),
  ),
  from: v.pipe(
    v.optional(place),
    v.description(
      'The other direction: where the files are fetched from. Written like `to`, and instead of it.',
    ),
  ),
  include: v.pipe(
    v.optional(list('a pattern such as **/*.zst', ['**/*.zst', ['2026-*/**', '*.csv']])),
    v.description('Only files whose paths below the folder match one of these patterns.'),
  ),
  exclude: v.pipe(
    v.optional(list('a pattern such as **/*.tmp', ['**/*.tmp'])),
    v.description('No files whose paths match one of these patterns; wins over `include`.'),
  ),
  files: v.pipe(
    v.optional(list('a path below the folder', [['index.json', 'a/b.csv']])),
    v.description('Exactly these files, by their paths below the folder. One that is not there is told.'),
  ),
  links: v.pipe(
    v.optional(oneOf(['copy', 'keep', 'skip'])),
    v.description(
      'Symbolic links: leave them out (skip, the default), send them as links (keep), or send what they lead to (copy).',
    ),
  ),
  verify: v.pipe(
    v.optional(oneOf(['checksum'])),
    v.description(
      'How a copy is proved: every file is read back at the far side, and its SHA-256 compared. There is no other way.',
    ),
  ),
  reverify: v.pipe(
    v.optional(share),
    v.description(
      'How much of what was proved before is read back again in each run, longest ago first: 1/30 (default), all, none. What is gone or differs is told, counts as proved no longer, and is sent again.',
    ),
  ),
  settle: v.pipe(
    v.optional(duration),
    v.description(
      'Of files that are no collector’s parts: how old they must be, and how far apart two looks are that must find them unchanged (default 10s).',
    ),
  ),
  sentinel: v.pipe(
    v.optional(flag),
    v.description(
      'Whether a file .vahti-source is put into the folder, without which nothing more is sent: an unmounted folder has none (default true; a collector’s folder has its own).',
    ),
  ),
  delete: v.pipe(
    v.optional(
      v.strictObject({
        'max-files': v.pipe(
          integer(1, 1_000_000_000),
          v.description('The most files that one run deletes there.'),
        ),
        'max-bytes': v.pipe(size, v.description('The most bytes that one run deletes there.')),
      }),
    ),
    v.description(
      'Deletes at the far side what this job has put there and a person has deleted here. Over these caps nothing is deleted. Never what `purge` deleted here, and nothing else’s files.',
    ),
  ),
  ...farOptions,
});

export type SyncOptions = v.InferOutput<typeof syncOptions>;
