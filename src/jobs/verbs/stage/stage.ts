import type { VerbFacts, VerbKind } from '../../../core/verb.ts';
import { failed } from '../../files/outcome.ts';
import { overlapProblems } from '../../files/within.ts';
import { type StageOptions, stageOptions } from './options.ts';

/** `stage: DIR`: moves files that have come whole into the folder where they are worked on. */
export const stageKind: VerbKind<StageOptions> = {
  verb: 'stage',
  main: 'root',
  options: stageOptions,
  paths: ['root', 'to'],
  problems: problemsOf,
  open: (options) => ({
    async run(context) {
      // What is set for one run alone was not checked with the config.
      const [problem] = problemsOf(options, context);
      if (problem !== undefined) return failed(problem);
      const { runStage } = await import('./run.ts');
      return runStage(options, context);
    },
  }),
};

function problemsOf(
  { root, to, members, exists, structure }: StageOptions,
  { folder }: Pick<VerbFacts, 'folder'>,
): readonly string[] {
  const found = [...overlapProblems(folder, 'stage', root, to)];
  if (members !== undefined && exists === 'number')
    found.push('cannot use exists: number with members: write error or keep');
  if (members !== undefined && structure === 'flatten')
    found.push('cannot use structure: flatten with members: two sets of one name would be mixed');
  return found;
}
