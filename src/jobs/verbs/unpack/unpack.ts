import type { VerbFacts, VerbKind } from '../../../core/verb.ts';
import { failed } from '../../files/outcome.ts';
import { overlapProblems } from '../../files/within.ts';
import { type UnpackOptions, unpackOptions } from './options.ts';

/** `unpack: DIR`: unpacks each archive once, whole or not at all, and nothing of it elsewhere. */
export const unpackKind: VerbKind<UnpackOptions> = {
  verb: 'unpack',
  main: 'root',
  options: unpackOptions,
  paths: ['root', 'to', 'move-to'],
  problems: problemsOf,
  open: (options) => ({
    async run(context) {
      // What is set for one run alone was not checked with the config.
      const [problem] = problemsOf(options, context);
      if (problem !== undefined) return failed(problem);
      const { runUnpack } = await import('./run.ts');
      return runUnpack(options, context);
    },
  }),
};

function problemsOf(options: UnpackOptions, { folder }: Pick<VerbFacts, 'folder'>): readonly string[] {
  const { root, to, then } = options;
  const aside = options['move-to'];
  const found = [...overlapProblems(folder, 'unpack', root, to)];
  if (then === 'move' && aside === undefined) found.push('cannot use then: move without move-to');
  if (then !== 'move' && aside !== undefined) found.push('cannot use move-to without then: move');
  if (aside !== undefined) {
    if (overlapProblems(folder, 'unpack', root, aside).length > 0)
      found.push(`cannot move archives of ${root} to ${aside}: one lies in the other`);
    if (overlapProblems(folder, 'unpack', to, aside).length > 0)
      found.push(`cannot move archives to ${aside}: it and ${to} lie in each other`);
  }
  return found;
}
