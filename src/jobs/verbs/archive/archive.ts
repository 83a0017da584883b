import type { VerbKind } from '../../../core/verb.ts';
import { ARCHIVE_DEFAULTS, type ArchiveOptions, archiveOptions, MOST_LEVEL } from './options.ts';

/** `archive: DIR`: compresses closed files where they lie, proves each archive by reading it back, then removes the file. */
export const archiveKind: VerbKind<ArchiveOptions> = {
  verb: 'archive',
  main: 'root',
  options: archiveOptions,
  paths: ['root'],
  problems({ to = ARCHIVE_DEFAULTS.to, level }) {
    const most = MOST_LEVEL[to];
    return level !== undefined && level > most
      ? [`cannot compress to ${to} with level ${level}: ${most} is its highest`]
      : [];
  },
  open: (options) => ({
    async run(context) {
      const { runArchive } = await import('./run.ts');
      return runArchive(options, context);
    },
  }),
};
