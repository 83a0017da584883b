import type { VerbFacts, VerbKind } from '../../../core/verb.ts';
import { failed } from '../../files/outcome.ts';
import { commandProblems } from '../../command-option.ts';
import { MOST_LEVEL } from '../archive/options.ts';
import { ROTATE_DEFAULTS, type RotateOptions, rotateOptions } from './options.ts';

/** `rotate: DIR`: takes logs that others write away from their writers, without losing a line, and keeps only so many. */
export const rotateKind: VerbKind<RotateOptions> = {
  verb: 'rotate',
  main: 'root',
  options: rotateOptions,
  paths: ['root', 'pid-file'],
  problems: problemsOf,
  open: (options) => ({
    async run(context) {
      // What is set for one run alone was not checked with the config.
      const [problem] = problemsOf(options, context);
      if (problem !== undefined) return failed(problem);
      const { runRotate } = await import('./run.ts');
      return runRotate(options, context);
    },
  }),
};

function problemsOf(options: RotateOptions, { folder }: Pick<VerbFacts, 'folder'>): readonly string[] {
  const { signal, reopen, to = ROTATE_DEFAULTS.to, level } = options;
  const found: string[] = [];
  if (signal !== undefined && reopen !== undefined)
    found.push('cannot use both signal and reopen: write one of them');
  if (options['pid-file'] !== undefined && signal === undefined)
    found.push('cannot use pid-file without signal');
  if (options.method === 'punch-hole')
    for (const key of ['signal', 'pid-file', 'reopen', 'create', 'wait'] as const)
      if (options[key] !== undefined)
        found.push(`cannot use ${key} with method: punch-hole: the writer keeps its file`);
  if (to === 'none' && level !== undefined) found.push('cannot use level with to: none');
  else if (to !== 'none' && level !== undefined && level > MOST_LEVEL[to])
    found.push(`cannot compress to ${to} with level ${level}: ${MOST_LEVEL[to]} is its highest`);
  if (reopen !== undefined) found.push(...commandProblems(reopen, folder));
  return found;
}
