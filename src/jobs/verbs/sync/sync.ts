import type { VerbKind } from '../../../core/verb.ts';
import { sshOptionProblems } from '../../far/options.ts';
import { type SyncOptions, syncOptions } from './options.ts';
import { parsePlace } from '../../far/place.ts';

/** `sync: DIR`: carries files to another place, or from there, and proves each by reading it back. */
export const syncKind: VerbKind<SyncOptions> = {
  verb: 'sync',
  main: 'root',
  options: syncOptions,
  paths: ['root', 'identity'],
  problems(options, { folder }) {
    const { to, from, root } = options;
    const found: string[] = [];
    const text = to ?? from;
    if (text === undefined || (to !== undefined && from !== undefined))
      return [`cannot sync ${root}: write either \`to\` or \`from\``];
    const place = parsePlace(text, folder);
    if (!place.ok) return [place.error];
    const { kind } = place.value;
    const only = (keys: readonly (keyof SyncOptions)[], why: string): void => {
      for (const key of keys) if (options[key] !== undefined) found.push(`cannot use ${key} ${why}`);
    };
    if (kind !== 'ssh')
      only(['identity', 'ssh-options'], `with ${JSON.stringify(text)}: it is not reached by ssh`);
    if (kind === 'rclone') {
      only(['group', 'permissions'], 'with rclone: only rsync sets it');
      if (options.links === 'keep') found.push('cannot use links: keep with rclone: write copy or skip');
    }
    if (from !== undefined)
      only(['delete', 'links', 'sentinel'], 'with `from`: it is for files that are sent');
    return [...found, ...sshOptionProblems(options['ssh-options'] ?? [])];
  },
  open: (options) => ({
    async run(context) {
      const { runSync } = await import('./run.ts');
      return runSync(options, context);
    },
  }),
};
