import * as v from 'valibot';
import { duration, integer, oneOf, size, text } from '../../../core/fields.ts';
import { patterns } from '../../files/patterns.ts';
import { FORMATS } from './formats.ts';

export const UNPACK_DEFAULTS = {
  files: Object.keys(FORMATS).map((ending) => `**/*${ending}`),
  settleMs: 10_000,
  exists: 'error',
  links: 'refuse',
  maxFiles: 10_000,
  maxBytes: 10 * 1024 ** 3,
  maxRatio: 100,
  then: 'keep',
} as const;

export const unpackOptions = v.strictObject({
  root: v.pipe(text('a folder'), v.description('The folder that archives arrive in.')),
  to: v.pipe(
    text('a folder'),
    v.description(
      'Where they are unpacked: x.tar.gz becomes the folder x there, all of it at once. It must exist, and lie outside.',
    ),
  ),
  files: v.pipe(
    v.optional(patterns),
    v.description(
      'Which archives, by their paths below the folder; what they are is told by their ending: .zip, .tar, .tar.gz, .tgz, .tar.zst, .tzst, and, where these programs are installed, .tar.xz, .txz, .tar.bz2, .tbz2. By default all of these.',
    ),
  ),
  exclude: v.pipe(
    v.optional(patterns),
    v.description('No archives whose paths match one of these patterns; wins over `files`.'),
  ),
  settle: v.pipe(
    v.optional(duration),
    v.description('How far apart two looks are that must find an archive unchanged (default 10s).'),
  ),
  exists: v.pipe(
    v.optional(oneOf(['error', 'number'])),
    v.description(
      'Where a folder of the name is there already, or another content of this archive came before: it is refused (error, the default), or gets a number (x-2). Nothing is ever put into a folder that is there.',
    ),
  ),
  links: v.pipe(
    v.optional(oneOf(['refuse', 'skip'])),
    v.description(
      'An archive with symbolic or hard links in it: refuse it (default), or unpack it without them. Links are never made.',
    ),
  ),
  'max-files': v.pipe(
    v.optional(integer(1, 10_000_000)),
    v.description('How many entries an archive may have (default 10000).'),
  ),
  'max-bytes': v.pipe(v.optional(size), v.description('How much may come out of an archive (default 10G).')),
  'max-ratio': v.pipe(
    v.optional(integer(2, 1_000_000)),
    v.description('How many times its own size may come out of an archive, from 1M on (default 100).'),
  ),
  then: v.pipe(
    v.optional(oneOf(['keep', 'delete', 'move'])),
    v.description(
      'What becomes of an archive when it is unpacked, and every file read back and found equal: it stays (default), is deleted, or is moved to `move-to`.',
    ),
  ),
  'move-to': v.pipe(
    v.optional(text('a folder')),
    v.description('The folder for `then: move`. It must exist, and lie outside.'),
  ),
});

export type UnpackOptions = v.InferOutput<typeof unpackOptions>;
