import type { VerbKind } from '../../../core/verb.ts';
import { failed } from '../../files/outcome.ts';
import { type PublishOptions, publishOptions } from './options.ts';
import { problemsOf } from './problems.ts';

/** `publish: DIR`: brings files to where others get them, each once, under its public name, and keeps a history of that. */
export const publishKind: VerbKind<PublishOptions> = {
  verb: 'publish',
  main: 'root',
  options: publishOptions,
  paths: ['root', 'to', 'blacklist', 'identity', 'conflict.quarantine'],
  problems: problemsOf,
  open: (options) => ({
    async run(context) {
      // What is set for one run alone was not checked with the config.
      const [problem] = problemsOf(options, context);
      if (problem !== undefined) return failed(problem);
      const { runPublish } = await import('./run.ts');
      return runPublish(options, context);
    },
  }),
};
